import Foundation
import GRDB
import Model
import Ports
import Testing

@testable import JournalStore

private func delivery(_ id: String, _ receiver: String) -> Delivery {
    Delivery(
        id: id, receiver: receiver,
        notification: Notification(
            sequence: 1, event: .rollbackIntended, atWallMs: 5, release: "checkout", baselineVersion: "v1",
            canaryVersion: "v2", summary: "s"))
}

/// A journal in a folder that goes away with its test.
private final class Scratch {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("outbox-\(UUID().uuidString)").path
    let journal: SQLiteJournal

    init() throws { journal = try SQLiteJournal(directory: folder) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func put(_ ids: [String], for receiver: String) async throws {
        try await journal.append(JournalBatch(deliveries: ids.map { delivery($0, receiver) }))
    }

    func head(_ receiver: String) async throws -> String? {
        try await journal.nextDelivery(receiver: receiver)?.delivery.id
    }
}

@Suite("The outbox in SQLite")
struct OutboxTests {
    @Test func aQueueMovesAtItsHeadOnly() async throws {
        let scratch = try Scratch()
        let journal = scratch.journal
        try await scratch.put(["a", "b", "c"], for: "oncall")
        try await journal.markRetry("a", reason: "503", nextTryWallMs: 500)
        let head = try await journal.nextDelivery(receiver: "oncall")
        #expect(head?.delivery.id == "a" && head?.delivery.attempt == 2)
        #expect(head?.reason == "503" && head?.nextTryWallMs == 500)
        try await journal.markDelivered("a", atWallMs: 200)
        #expect(try await scratch.head("oncall") == "b")
        try await journal.markDead("b", reason: "404", atWallMs: 300)
        #expect(try await scratch.head("oncall") == "c")
        #expect(try await journal.outboxCounts() == OutboxCounts(waiting: 1, dead: 1, delivered: 1))
        let dead = try await journal.deadLetters(limit: 10)
        #expect(dead.map(\.reason) == ["404"] && dead.first?.atWallMs == 300 && dead.first?.delivery.attempt == 1)
    }

    @Test func queuesAreListedByTheirReceivers() async throws {
        let scratch = try Scratch()
        #expect(try await scratch.journal.receiversWaiting() == [])
        try await scratch.put(["b1", "b2"], for: "b")
        try await scratch.put(["a1"], for: "a")
        try await scratch.put(["c1"], for: "c")
        try await scratch.journal.markDead("c1", reason: "404", atWallMs: 1)
        #expect(try await scratch.journal.receiversWaiting() == ["a", "b"])
        let queues = try await scratch.journal.queues()
        #expect(queues.map(\.receiver) == ["a", "b", "c"])
        #expect(queues.map(\.waiting) == [1, 2, 0] && queues.map(\.dead) == [0, 0, 1])
        #expect(queues.map { $0.head?.delivery.id } == ["a1", "b1", nil])
    }

    @Test func deadLettersReturnToTheirPlaces() async throws {
        let scratch = try Scratch()
        let journal = scratch.journal
        try await scratch.put(["a", "b"], for: "oncall")
        try await journal.markDead("a", reason: "404", atWallMs: 1)
        #expect(try await journal.resend(.id("unknown")) == 0)
        #expect(try await journal.resend(.receiver("oncall")) == 1)
        let head = try await journal.nextDelivery(receiver: "oncall")
        #expect(head?.delivery.id == "a" && head?.delivery.attempt == 2)
    }

    /// In the order of the entries, and none of an entry whose number only begins alike.
    @Test func theFateOfAnEntrysDeliveriesIsFound() async throws {
        let scratch = try Scratch()
        let journal = scratch.journal
        func id(_ sequence: Int, _ receiver: String) -> String { "\(journal.identity)-\(sequence)-\(receiver)" }
        for (sequence, receiver) in [(1, "a"), (1, "b"), (7, "a"), (12, "a"), (13, "a")] {
            try await scratch.put([id(sequence, receiver)], for: receiver)
        }
        try await journal.markDelivered(id(1, "a"), atWallMs: 100)
        try await journal.markRetry(id(1, "b"), reason: "503", nextTryWallMs: 500)
        try await journal.markDead(id(12, "a"), reason: "404", atWallMs: 300)
        let fates = try await journal.fates(ofEntries: [12, 1])
        #expect(fates.map(\.id) == [id(12, "a"), id(1, "a"), id(1, "b")])
        #expect(fates.map(\.state) == [.dead, .delivered, .waiting])
        #expect(fates.map(\.attempts) == [1, 1, 1] && fates.map(\.reason) == ["404", "", "503"])
        #expect(fates.map(\.settledWallMs) == [300, 100, nil])
        #expect(try await journal.fates(ofEntries: []).isEmpty)
    }

    @Test func droppingIsForGoodAndInSlices() async throws {
        let scratch = try Scratch()
        let journal = scratch.journal
        try await scratch.put((1...5).map { "a\($0)" }, for: "a")
        try await scratch.put(["b1"], for: "b")
        try await journal.markDead("a1", reason: "404", atWallMs: 1)
        #expect(try await journal.drop(.receiver("a"), limit: 2, atWallMs: 9) == 2)
        #expect(try await scratch.head("a") == "a3")
        #expect(try await journal.drop(.id("a4"), limit: 2, atWallMs: 9) == 1)
        #expect(try await journal.drop(.receiver("a"), limit: 10, atWallMs: 9) == 2)
        #expect(try await journal.resend(.receiver("a")) == 0)
        #expect(try await journal.outboxCounts() == OutboxCounts(waiting: 1))
    }

    @Test func aRecordThatCannotBeReadDoesNotBlockItsQueue() async throws {
        let scratch = try Scratch()
        try await scratch.put(["a", "b"], for: "oncall")
        let file = try DatabaseQueue(path: scratch.folder + "/journal.sqlite")
        try await file.write { try $0.execute(sql: "UPDATE outbox SET notification = '{}' WHERE id = 'a'") }
        #expect(try await scratch.head("oncall") == "b")
        #expect(try await scratch.journal.outboxCounts() == OutboxCounts(waiting: 1, dead: 1))
    }

    /// The plan of the query, not its time: a queue's length must not matter.
    @Test func theHeadIsFoundByAnIndex() async throws {
        let scratch = try Scratch()
        let file = try DatabaseQueue(path: scratch.folder + "/journal.sqlite")
        let steps = try await file.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    EXPLAIN QUERY PLAN
                    SELECT * FROM outbox WHERE state = 'waiting' AND receiver = 'x' ORDER BY number LIMIT 1
                    """
            ).map { row -> String in row["detail"] }
        }
        #expect(steps == ["SEARCH outbox USING INDEX outbox_queues (state=? AND receiver=?)"])
    }
}
