import Foundation
import GRDB
import Model
import Ports
import Support
import Testing

@testable import JournalStore

/// A state folder that goes away with its test.
private final class Folder {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

private func entry(
    _ sequence: UInt64, _ event: JournalEvent = .acknowledged, incident: String? = nil, release: String = "checkout",
    wallMs: Int64? = nil
) -> JournalEntry {
    JournalEntry(
        sequence: sequence, wallMs: wallMs ?? Int64(sequence) * 1_000, release: release, incident: incident,
        event: event)
}

private func delivery(_ id: String, receiver: String = "oncall") -> Delivery {
    Delivery(
        id: id, receiver: receiver,
        notification: Notification(
            sequence: 1, event: .rollbackIntended, atWallMs: 5, release: "checkout", baselineVersion: "v1",
            canaryVersion: "v2", summary: "s"))
}

private let intent = JournalEvent.intended(
    IntentRecord(
        trigger: .operatorCommand(by: "anna", reason: "test"), fromVersion: "v2", toVersion: "v1", splitBefore: nil,
        splitWanted: Split(canaryBasisPoints: 0), isDryRun: false))

@Suite("The journal in SQLite")
struct SQLiteJournalTests {
    @Test func aSecondJournalIsRefusedEvenWhenTheLockFileWasRemoved() throws {
        let folder = Folder()
        let first = try SQLiteJournal(directory: folder.path)
        try FileManager.default.removeItem(atPath: folder.path + "/lock")
        #expect(throws: JournalError.inUse(path: folder.path + "/lock")) {
            try SQLiteJournal(directory: folder.path)
        }
        _ = first.identity
    }

    /// What is written to a removed file is lost with the process.
    @Test func aFolderThatIsRemovedWhileItIsOpenIsNoticed() async throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        try await journal.append(JournalBatch(entries: [entry(1)]))
        #expect(journal.placeProblem == nil)
        try FileManager.default.moveItem(atPath: folder.path, toPath: folder.path + ".away")
        defer { try? FileManager.default.removeItem(atPath: folder.path + ".away") }
        #expect("\(try #require(journal.placeProblem))".contains("was removed while it was open"))
        let error = await #expect(throws: JournalError.self) {
            try await journal.append(JournalBatch(entries: [entry(2)]))
        }
        #expect(error == journal.placeProblem)
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: folder.path + "/journal.sqlite", contents: nil)
        #expect("\(try #require(journal.placeProblem))".contains("was replaced"))
        try FileManager.default.removeItem(atPath: folder.path)
        try FileManager.default.moveItem(atPath: folder.path + ".away", toPath: folder.path)
        #expect(journal.placeProblem == nil)
        try await journal.append(JournalBatch(entries: [entry(2)]))
        #expect(try await journal.allEntries().map(\.sequence) == [1, 2])
    }

    /// The promise that everything is based on, asked of the connection that writes.
    @Test func commitsAreOnTheDiskBeforeTheyReturn() throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        #expect(try journal.synchronousLevel() == 2)
        #expect(try journal.journalMode() == "wal")
    }

    @Test func entriesComeBackInOrderAfterReopening() async throws {
        let folder = Folder()
        let evidence = Evidence(
            indicator: "latency_p99", windowMs: 60_000, condition: "canary > 1s",
            verdict: .inconclusive(reason: "no data"),
            baseline: .init(version: "v1", value: nil, requests: 0, errors: 0, healthyTargets: 0, targets: 1),
            canary: .init(version: "v2", value: .infinity, requests: 1, errors: 1, healthyTargets: 1, targets: 1))
        let written = [
            entry(1, .began(baseline: "v1", canary: "v2")), entry(2, intent, incident: "checkout-2"),
            entry(3, .held(HoldRecord(rule: "r", reason: "x", evidence: evidence))),
        ]
        let identity: String
        do {
            let journal = try SQLiteJournal(directory: folder.path)
            identity = journal.identity
            try await journal.append(JournalBatch(entries: [written[0], written[1]]))
            try await journal.append(JournalBatch(entries: [written[2]]))
        }
        let again = try SQLiteJournal(directory: folder.path)
        #expect(try await again.allEntries() == written)
        #expect(again.identity == identity && identity.count == 8)
    }

    @Test func aBatchMayBeTriedAgain() async throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        let batch = JournalBatch(entries: [entry(1)], deliveries: [delivery("a")])
        try await journal.append(batch)
        try await journal.append(batch)
        #expect(try await journal.allEntries().count == 1)
        #expect(try await journal.outboxCounts() == OutboxCounts(waiting: 1))
    }

    @Test func pruningKeepsWhatRestoresTheReleaseAndItsLatch() async throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        try await journal.append(
            JournalBatch(
                entries: [
                    entry(1, .began(baseline: "v0", canary: "v1")), entry(2, intent, incident: "checkout-2"),
                    entry(3, .acknowledged, incident: "checkout-2"), entry(4, .ended(.rolledBack)),
                    entry(5, .began(baseline: "v1", canary: "v2")), entry(6, intent, incident: "checkout-6"),
                    entry(7, .acknowledged, incident: "checkout-6"), entry(8, .ended(.rolledBack)),
                    entry(9, .ended(.withdrawn), release: "other"), entry(10, .ended(.withdrawn), release: "other"),
                ], deliveries: [delivery("old"), delivery("waiting")]))
        try await journal.markDelivered("old", atWallMs: 5_000)
        try await journal.prune(beforeWallMs: 1_000_000)
        #expect(try await journal.allEntries().map(\.sequence) == [5, 6, 7, 8, 10])
        #expect(try await journal.outboxCounts() == OutboxCounts(waiting: 1))
    }

    @Test func youngEntriesStay() async throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        try await journal.append(JournalBatch(entries: (1...5).map { entry($0, .ended(.withdrawn)) }))
        try await journal.prune(beforeWallMs: 3_000)
        #expect(try await journal.allEntries().map(\.sequence) == [3, 4, 5])
    }

    /// The law of pruning, read entry by entry, against what is left in a drawn journal.
    @Test(arguments: [UInt64](1...12))
    func pruningRemovesExactlyWhatRestoresNothing(_ seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        let entries = (1...700).map { sequence in
            let release = "r\(generator.next() % 3)"
            let incident = "\(release)-\(generator.next() % 4)"
            let wallMs = Int64(generator.next() % 1_000)
            return switch generator.next() % 20 {
            case 0: entry(UInt64(sequence), .began(baseline: "a", canary: "b"), release: release, wallMs: wallMs)
            case 1: entry(UInt64(sequence), intent, incident: incident, release: release, wallMs: wallMs)
            case 2: entry(UInt64(sequence), incident: incident, release: release, wallMs: wallMs)
            default: entry(UInt64(sequence), .ended(.withdrawn), release: release, wallMs: wallMs)
            }
        }
        try await journal.append(JournalBatch(entries: entries))
        try await journal.prune(beforeWallMs: 800)
        let kept = entries.filter { one in
            let own = entries.filter { $0.release == one.release }
            let began = own.last { $0.event.name == "began" }?.sequence ?? .max
            let incident = own.last { $0.event.name == "intended" }?.incident
            let first = incident.flatMap { id in entries.first { $0.incident == id }?.sequence } ?? .max
            return one.wallMs >= 800 || one.sequence >= min(began, first, 700)
        }
        #expect(try await journal.allEntries() == kept)
    }

    /// An incident is found by an index, the last beginning of a release too, and what is old: none reads the whole table.
    @Test(arguments: [
        "SELECT * FROM entries WHERE incident = 'a' ORDER BY sequence",
        "SELECT MAX(sequence) FROM entries WHERE release = 'a' AND kind = 'began'",
        "SELECT sequence FROM entries WHERE release = 'a' AND wall_ms < 1 AND sequence < 2 LIMIT 10",
        "DELETE FROM entries WHERE release = 'a' AND kind = 'evidence' AND sequence < 5",
        "SELECT number FROM outbox WHERE state = 'dead' AND settled_ms < 5 LIMIT 10",
    ])
    func looksUpByIndex(_ sql: String) throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        let database = try DatabaseQueue(path: folder.path + "/journal.sqlite")
        let plan = try database.read { try Row.fetchAll($0, sql: "EXPLAIN QUERY PLAN " + sql) }
        let steps = plan.map { row -> String in row["detail"] }
        #expect(steps.contains { $0.contains("USING INDEX") || $0.contains("USING COVERING INDEX") }, "\(steps)")
        #expect(!steps.contains { $0.hasPrefix("SCAN") }, "\(steps)")
        _ = journal.identity
    }

    @Test func anIncidentsEntriesAreReadAloneAndInOrder() async throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        let written = [
            entry(1, intent, incident: "checkout-1"), entry(2, .ended(.withdrawn)), entry(3, incident: "checkout-1"),
            entry(4, incident: "checkout-4"),
        ]
        try await journal.append(JournalBatch(entries: written))
        #expect(try await journal.entries(incident: "checkout-1") == [written[0], written[2]])
        #expect(try await journal.entries(incident: "none").isEmpty)
    }

    @Test func aSecondProcessIsRefused() throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        #expect { try SQLiteJournal(directory: folder.path) } throws: {
            "\($0)".contains("another rollguard uses this state folder")
        }
        _ = journal.identity
    }

    @Test func aForeignFileIsNamed() throws {
        let folder = Folder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        try String(repeating: "not a database ", count: 100).write(
            toFile: folder.path + "/journal.sqlite", atomically: true, encoding: .utf8)
        #expect { try SQLiteJournal(directory: folder.path) } throws: {
            guard case .damaged(let path, _) = $0 as? JournalError else { return false }
            return path.hasSuffix("journal.sqlite")
        }
    }

    @Test func aFolderThatCannotBeMadeIsNamed() throws {
        #expect { try SQLiteJournal(directory: "/proc/nothing/here") } throws: {
            "\($0)".contains("/proc/nothing/here") && "\($0)".contains("cannot write the journal")
        }
    }

    /// Nothing is half-written: when one row of a batch cannot be, no row is.
    @Test func aBatchIsAllOrNothing() async throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        let file = try DatabaseQueue(path: folder.path + "/journal.sqlite")
        try await file.write { try $0.execute(sql: "DROP TABLE outbox") }
        await #expect(throws: JournalError.self) {
            try await journal.append(JournalBatch(entries: [entry(1)], deliveries: [delivery("a")]))
        }
        #expect(try await journal.allEntries().isEmpty)
    }
}
