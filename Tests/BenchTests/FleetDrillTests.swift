import Foundation
import Testing

@testable import rollguard_lab

/// What `rollguard-lab fleet-plan` shows, and what docs/scale.md says that it shows.
@Suite("The plan of a fleet")
struct FleetDrillTests {
    private static func drill(members: Int = 7, copies: Int = 2, largest: Int = 10_000, seed: UInt64 = 1) -> FleetDrill
    {
        let fleet = VirtualFleet(
            releases: 5_000, targets: 100_000, shards: 256, copies: copies, largest: largest, seed: seed)
        return FleetDrill(fleet, members: members)
    }

    private static func page() throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("docs/scale.md"), encoding: .utf8)
    }

    @Test(arguments: 1...3, [4, 7, 50]) func keepsTheLaws(_ copies: Int, _ members: Int) {
        let drill = Self.drill(members: members, copies: copies, seed: UInt64(copies * members))
        #expect(drill.broken.isEmpty, "\(drill.broken)")
        #expect(drill.rows.count == 6)
    }

    @Test func aFleetHasAllTargetsItIsAskedFor() {
        let fleet = VirtualFleet(releases: 5_000, targets: 100_000, shards: 256, copies: 2, largest: 10_000, seed: 1)
        var later = fleet
        later.addLargest()
        #expect(fleet.total == 100_000 && later.total == 110_000)
    }

    /// `rollguard-lab fleet-plan --targets 100000 --releases 5000 --members 7`
    @Test func thePageShowsWhatTheCommandPrints() throws {
        let command = try FleetPlanCommand.parse(["--targets", "100000", "--releases", "5000", "--members", "7"])
        let printed = Self.drill(members: command.members, copies: command.copies, largest: command.largest)
            .text(samples: command.samples, intervalSeconds: command.interval)
        let page = try Self.page()
        #expect(page.contains("rollguard-lab fleet-plan --targets 100000 --releases 5000 --members 7"))
        #expect(page.contains(printed), "\(printed)")
    }

    @Test func itCountsWithTheSlopesOfThePage() throws {
        let slopes = try #require(Scale.measured.text.split(separator: "\n").first)
        #expect(try Self.page().contains(slopes), "\(slopes)")
    }

    @Test(arguments: [
        ["--members", "2", "--copies", "2"], ["--copies", "4"], ["--shards", "257"], ["--releases", "0"],
        ["--targets", "10", "--releases", "6"], ["--interval", "0"],
    ])
    func refusesWhatIsNoFleet(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try FleetPlanCommand.parse(arguments) }
    }
}
