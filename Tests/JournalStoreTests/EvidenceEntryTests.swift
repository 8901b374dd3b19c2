import Foundation
import GRDB
import Model
import Telemetry
import Testing

@testable import JournalStore
@testable import Kernel

/// Evidence is written many times in a release, and only the newest matters.
@Suite("Evidence in the journal")
struct EvidenceEntryTests {
    private static func record() -> EvidenceRecord {
        let rule = RulePlan.regression(RegressionPlan(scope: .release), group: "g", name: "r")
        let release = ReleasePlan(
            name: "checkout", baseline: PoolPlan(version: "v1", targets: []),
            canary: PoolPlan(version: "v2", targets: []),
            indicators: WatchList(), router: .sample("http://lb"), rules: [rule])
        var watch = RegressionWatch(plan: release)
        watch.begin()
        return watch.record(atUptimeMs: 5)
    }

    @Test func onlyTheNewestOfEachReleaseIsKept() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let journal = try SQLiteJournal(directory: folder)
        let record = Self.record()
        func entry(_ sequence: UInt64, _ event: JournalEvent, release: String = "checkout") -> JournalEntry {
            JournalEntry(sequence: sequence, wallMs: 1, release: release, incident: nil, event: event)
        }
        try await journal.append(
            JournalBatch(entries: [
                entry(1, .began(baseline: "v1", canary: "v2")), entry(2, .evidence(record)),
                entry(3, .evidence(record), release: "search"),
            ]))
        try await journal.append(JournalBatch(entries: [entry(4, .evidence(record))]))
        #expect(try await journal.allEntries().map(\.sequence) == [1, 3, 4])
        // A batch that is tried again changes nothing, and an older one does not replace a newer.
        try await journal.append(JournalBatch(entries: [entry(4, .evidence(record))]))
        #expect(try await journal.allEntries().last?.event == .evidence(record))
    }
}
