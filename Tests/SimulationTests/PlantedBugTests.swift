import Foundation
import Testing

@testable import Simulation

/// A checker that cannot fail checks nothing: each planted bug has to be seen.
@Suite("A planted bug")
struct PlantedBugTests {
    @Test(arguments: PlantedBug.allCases)
    func isSeen(_ bug: PlantedBug) throws {
        let known = try #require(PlantedBugTests.seen[bug])
        // Should the world have learned something new, another seed does as well.
        let seeds = [known.seed] + (1...60)
        let caught = seeds.lazy.compactMap { PlantedBugTests.failure($0, bug) }.first
        let (seed, check) = try #require(caught, "\(bug) is not seen by any checker")
        #expect(known.checks.contains(check), "\(bug): seed \(seed) fails \(check)")
    }

    @Test func isReportedWithATrace() throws {
        var lines: [String] = []
        let seed = try #require((1...60).first { PlantedBugTests.failure($0, .actBeforeDurable) != nil })
        let report = Simulation.run(seed: seed, planting: .actBeforeDurable) { lines.append($0) }
        #expect(report.failure?.check == "intent before the router")
        #expect(report.summary.contains("FAILED intent before the router"))
        #expect(lines.count == report.steps)
        #expect(lines.suffix(10).contains { $0.contains("apply, before the intent is durable") })
    }

    /// A seed that fails without the bug does not count.
    private static func failure(_ seed: UInt64, _ bug: PlantedBug) -> (UInt64, String)? {
        guard let failure = Simulation.run(seed: seed, planting: bug).failure else { return nil }
        return Simulation.run(seed: seed).failure == nil ? (seed, failure.check) : nil
    }

    /// The first seed that sees each bug, and which checks may be the first to say so.
    private static let seen: [PlantedBug: (seed: UInt64, checks: [String])] = [
        .actBeforeDurable: (2, ["intent before the router"]),
        .diskLies: (13, ["intent before the router", "deliveries are journalled", atRest, calm, latch, history]),
        .tornRecordIsRead: (187, ["records are read as they were written"]),
        .forgetIntentOnRestart: (22, ["journal has no gaps", atRest, calm, latch, history]),
        .forgetLatchOnRestart: (6, ["journal has no gaps", atRest, calm, latch, history]),
        .newDeliveryIdOnRetry: (2, ["deliveries are journalled", atRest, calm]),
        .deliverBeforeDurable: (2, ["deliveries are journalled"]),
        .neverMarkDelivered: (2, [atRest, calm]),
        .applyToFirstInstance: (2, [atRest, calm, latch]),
        .observeFirstInstance: (10, ["acknowledged means out", atRest, calm, latch]),
        .receiptIsProof: (12, ["acknowledged means out", silent, atRest, latch]),
        .poolsMixedUp: (8, [atRest]),
        .failureIsBreach: (
            3,
            [
                "healthy canary stays", "sick baseline is spared", "dead baseline is spared", rates,
                "downtime is no evidence",
            ]
        ),
        .serviceReturns: (1, ["the daemon keeps running"]),
    ]

    private static let silent = "proven means silent"
    private static let rates = "rates are true or absent"
    private static let atRest = "everything comes to rest"
    private static let calm = "calm in time"
    private static let latch = "latch is kept"
    private static let history = "an incident is what its entries say"

    /// The bugs that `scripts/planted-bugs.sh` plants into the sources still fit them.
    @Test(arguments: PlantedBugFile.all)
    func fitsTheSources(_ bug: PlantedBugFile) throws {
        #expect(!bug.what.isEmpty)
        #expect(!bug.changes.isEmpty)
        for change in bug.changes {
            let source = try String(
                contentsOf: PlantedBugFile.root.appendingPathComponent(change.file), encoding: .utf8)
            let places = source.components(separatedBy: change.from).count - 1
            #expect(places == 1, "\(change.file) has the text \(places) times:\n\(change.from)")
            #expect(change.from != change.to)
        }
    }
}

/// A file of `PlantedBugs`.
struct PlantedBugFile: CustomTestStringConvertible {
    struct Change {
        var file: String
        var from = ""
        var to = ""
    }

    let name: String
    private(set) var what = ""
    private(set) var changes: [Change] = []

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let all: [PlantedBugFile] = {
        let folder = root.appendingPathComponent("Tests/SimulationTests/PlantedBugs")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().compactMap { name in
            let text = try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            return text.map { PlantedBugFile(name: name, text: $0) }
        }
    }()

    private init(name: String, text: String) {
        self.name = name
        var file = ""
        var isReplacement = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if line.hasPrefix("what: ") {
                what = String(line.dropFirst(6))
            } else if line.hasPrefix("file: ") || line.hasPrefix("--- file: ") {
                file = String(line.drop { $0 != "S" })
            } else if line == "--- instead of" {
                (isReplacement, changes) = (false, changes + [Change(file: file)])
            } else if line == "--- with" {
                isReplacement = true
            } else if isReplacement {
                changes[changes.count - 1].to += line + "\n"
            } else {
                changes[changes.count - 1].from += line + "\n"
            }
        }
    }

    var testDescription: String { name }
}
