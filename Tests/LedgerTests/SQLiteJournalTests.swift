import Foundation
import GRDB
import ReleaseKernel
import Testing

@testable import Ledger

/// A state folder that goes away with its test.
private final class Folder {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("ledger-\(UUID().uuidString)").path

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
    /// The promise that everything stands on, asked of the connection that writes.
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
        #expect(try await again.records() == written)
        #expect(again.identity == identity && identity.count == 8)
    }

    @Test func aBatchMayBeTriedAgain() async throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        let batch = JournalBatch(entries: [entry(1)], deliveries: [delivery("a")])
        try await journal.append(batch)
        try await journal.append(batch)
        #expect(try await journal.records().count == 1)
        #expect(try await journal.outboxCounts() == OutboxCounts(waiting: 1))
    }

    @Test func aDeliveryIsTriedUntilItIsSettled() async throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        try await journal.append(
            JournalBatch(entries: [entry(1, wallMs: 100)], deliveries: ["a", "b", "c"].map { delivery($0) }))
        #expect(try await journal.dueDeliveries(nowWallMs: 99, limit: 10).isEmpty)
        #expect(try await journal.dueDeliveries(nowWallMs: 100, limit: 2).map(\.id) == ["a", "b"])
        try await journal.markRetry("a", reason: "503", nextTryWallMs: 500)
        try await journal.markDelivered("b", atWallMs: 200)
        try await journal.markDead("c", reason: "404", atWallMs: 300)
        #expect(try await journal.nextDeliveryDueWallMs() == 500)
        let due = try await journal.dueDeliveries(nowWallMs: 500, limit: 10)
        #expect(due.map(\.id) == ["a"] && due.first?.attempt == 2)
        #expect(try await journal.outboxCounts() == OutboxCounts(waiting: 1, dead: 1, delivered: 1))
        let dead = try await journal.deadLetters(limit: 10)
        #expect(dead.map(\.reason) == ["404"] && dead.first?.atWallMs == 300 && dead.first?.delivery.attempt == 1)
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
        #expect(try await journal.records().map(\.sequence) == [5, 6, 7, 8, 10])
        #expect(try await journal.outboxCounts() == OutboxCounts(waiting: 1))
    }

    @Test func youngEntriesStay() async throws {
        let folder = Folder()
        let journal = try SQLiteJournal(directory: folder.path)
        try await journal.append(JournalBatch(entries: (1...5).map { entry($0, .ended(.withdrawn)) }))
        try await journal.prune(beforeWallMs: 3_000)
        #expect(try await journal.records().map(\.sequence) == [3, 4, 5])
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

    @Test func aFileOfANewerVersionIsNotTouched() throws {
        let folder = Folder()
        do { _ = try SQLiteJournal(directory: folder.path) }
        let file = try DatabaseQueue(path: folder.path + "/journal.sqlite")
        try file.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99: from the future')") }
        try file.close()
        #expect { try SQLiteJournal(directory: folder.path) } throws: { "\($0)".contains("newer rollguard") }
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
        #expect(try await journal.records().isEmpty)
    }
}
