import ConfigurationFiles
import Daemon
import Foundation
import HTTPClient
import Model
import Ports
import Routers
import Testing

/// A canary led up in steps by the router's driver, and counted with real requests at each; then the roles are turned, the
/// other place is led up in part and out again, and at last everything returns to the first place.
struct StepRun {
    static let users = 400
    static let shares = [100, 500, 2_500, 5_000, 10_000]
    static let turnedShares = [100, 2_500, 5_000]
    private static let timeoutMs: Int64 = 10_000

    private let scene: Scene
    private let release: ReleasePlan
    private(set) var row: StepRow

    private init(_ scene: Scene) throws {
        self.scene = scene
        // The pages' commands run in their own folder, and these in the tests'.
        let path = scene.path("rollguard.yaml")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("-p, .,", with: "-p, \(scene.path("")),").write(
            toFile: path, atomically: true, encoding: .utf8)
        let result = Rulebook.load(
            configuration: path, files: DiskFiles(), kinds: .all)
        release = try #require(result.plan?.releases.first, "\(result.errors)")
        row = StepRow(scene.router)
    }

    /// From start to stop; what is not as it must be is recorded as an issue of the test.
    static func perform(_ router: LiveRouter) async throws -> StepRow {
        let scene = try await Scene(router)
        do {
            try await scene.startRouter()
            var run = try StepRun(scene)
            try await run.measure()
            await scene.stop()
            return run.row
        } catch {
            await scene.stop()
            throw error
        }
    }

    private mutating func measure() async throws {
        let (direct, turned) = (try driver(.direct), try driver(.turned))
        row.growth = direct.capabilities.growth.rawValue
        row.granularity = direct.capabilities.granularityBasisPoints
        #expect(direct.capabilities.refusals(ofSteps: Self.shares) == [])
        try await set(0, direct, canary: "v2")
        row.up = try await climb(Self.shares, direct, canary: "v2")
        // The promotion: the roles turn without a call.
        await expectInPlace(0, turned)
        row.turned = try await climb(Self.turnedShares, turned, canary: "v1")
        try await set(0, turned, canary: "v1")
        await expectInPlace(10_000, direct)
        try await set(0, direct, canary: "v2")
    }

    private func driver(_ aim: RouterAim) throws -> any RouterDriver {
        try RouterFactory.make(
            plan: release.router, release: release.name,
            versions: (baseline: release.baseline.version, canary: release.canary.version), transport: transport(),
            secrets: SystemSecretStore(), aim: aim)
    }

    private func transport() -> CurlTransport {
        CurlTransport(userAgent: "Rollguard tests", secrets: SystemSecretStore())
    }

    // MARK: Steps

    private func climb(_ shares: [Int], _ driver: any RouterDriver, canary: String) async throws -> StepRow.Climb {
        var climb = StepRow.Climb()
        var before: Set<Int> = []
        for share in shares {
            let (seen, users) = try await set(share, driver, canary: canary)
            climb.seen.append(seen)
            climb.counted.append(users.count)
            climb.movedBack += before.subtracting(users).count
            before = users
        }
        if driver.capabilities.growth == .sameUsers {
            #expect(climb.movedBack == 0, "\(climb.movedBack) users lost the canary while its share grew: \(climb)")
        }
        return climb
    }

    /// Sets a share, and wants it read back and given to real requests.
    ///
    /// - Parameter canary: the version that the canary answers with.
    @discardableResult
    private func set(
        _ share: Int, _ driver: any RouterDriver, canary: String
    ) async throws -> (seen: Int, users: Set<Int>) {
        let receipts = await driver.apply(Split(canaryBasisPoints: share), timeoutMs: Self.timeoutMs)
        #expect(receipts.allSatisfy { $0.outcome == .accepted }, "\(share): \(receipts)\n\(scene.routerText)")
        let seen = await expectInPlace(share, driver)
        var users = try await users(of: canary)
        // A process that a reload replaces answers what it has accepted before it ends.
        for _ in 0..<20 where !fits(users.count, seen) {
            try await Task.sleep(for: .milliseconds(100))
            users = try await self.users(of: canary)
        }
        #expect(fits(users.count, seen), "\(users.count) of \(Self.users) at \(seen) basis points")
        return (seen, users)
    }

    /// Whether so many users are what a share gives, as far as chance and the router's own way of choosing allow.
    private func fits(_ users: Int, _ basisPoints: Int) -> Bool {
        let wanted = Double(basisPoints) / 10_000
        let spread = 6 * (wanted * (1 - wanted) * Double(Self.users)).squareRoot()
        let isUneven = scene.router.variant.contains("consistent") && (1..<10_000).contains(basisPoints)
        let uneven = isUneven ? 0.3 * wanted : 0
        return abs(Double(users) - wanted * Double(Self.users)) <= spread + uneven * Double(Self.users)
    }

    @discardableResult
    private func expectInPlace(_ share: Int, _ driver: any RouterDriver) async -> Int {
        let seen = await driver.observe(timeoutMs: Self.timeoutMs)
        let points = seen.compactMap(\.canaryBasisPoints)
        let isInPlace =
            points.count == seen.count
            && points.allSatisfy { driver.capabilities.isInPlace($0, wanted: share) }
        #expect(isInPlace, "\(share) basis points are read back as \(seen)")
        return points.max() ?? -1
    }

    // MARK: Requests

    /// The users whose request a version answers, one request for each, on new connections: an old worker of the router
    /// may still have kept ones.
    private func users(of version: String) async throws -> Set<Int> {
        let transport = transport()
        let port = scene.ports[scene.router.entries[0]]
        return try await withThrowingTaskGroup(of: [Int].self) { group in
            for lane in 0..<16 {
                group.addTask {
                    var found: [Int] = []
                    for user in stride(from: lane, to: Self.users, by: 16)
                    where try await Self.version(port, user, transport) == version {
                        found.append(user)
                    }
                    return found
                }
            }
            return try await group.reduce(into: []) { $0.formUnion($1) }
        }
    }

    private static func version(_ port: Int, _ user: Int, _ transport: CurlTransport) async throws -> String {
        let request = HTTPRequest(
            url: "http://127.0.0.1:\(port)/", headers: [TextPair("X-User-Id", "user-\(user)")], timeoutMs: timeoutMs)
        let answer = try await transport.send(request)
        return answer.header("X-Demo-Version") ?? "status \(answer.status)"
    }
}

/// One line of the table of steps.
struct StepRow: Sendable {
    /// A canary on its way up.
    struct Climb: Sendable {
        /// Basis points that were read back at each step.
        var seen: [Int] = []
        /// Users that the canary answered at each step.
        var counted: [Int] = []
        /// Users that had the canary at a step and not at the next.
        var movedBack = 0
    }

    let name: String
    let variant: String
    var growth = ""
    var granularity = 0
    var up = Climb()
    var turned = Climb()

    init(_ router: LiveRouter) {
        name = router.name
        variant = router.variant
    }

    var cells: [String] {
        func percents(_ points: [Int]) -> String { points.map { "\(Double($0) / 100)" }.joined(separator: " ") }
        func counts(_ counts: [Int]) -> String {
            counts.map { "\(Double(($0 * 1_000 + StepRun.users / 2) / StepRun.users) / 10)" }.joined(separator: " ")
        }
        return [
            name, variant, growth, "\(Double(granularity) / 100)", percents(up.seen), counts(up.counted),
            "\(up.movedBack)", percents(turned.seen), counts(turned.counted), "\(turned.movedBack)",
        ]
    }
}
