import Foundation
import Ledger
import ReleaseKernel
import Synchronization
import Testing

@testable import Receivers

/// A receiver that answers from a list and keeps what it got.
private final class ScriptedReceiver: Receiver {
    let name: String
    private let state: Mutex<(answers: [DeliveryOutcome], got: [Delivery])>

    init(_ name: String, _ answers: [DeliveryOutcome] = [.delivered]) {
        self.name = name
        state = Mutex((answers, []))
    }

    var got: [Delivery] { state.withLock(\.got) }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        state.withLock { state in
            state.got.append(delivery)
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
        }
    }
}

/// A clock that jumps to what the outbox waits for: tests wait for nothing.
private final class JumpingClock: Sendable {
    private let ms = Mutex<Int64>(1_700_000_000_123)

    var now: Int64 { ms.withLock { $0 } }

    func advance(byMs step: Int64) { ms.withLock { $0 += step } }
}

private struct Outbox {
    let journal: SQLiteJournal
    let pump: OutboxPump
    let clock = JumpingClock()
    private let folder: String

    init(_ receivers: [ScriptedReceiver], giveUpAfterMs: Int64 = 3_600_000) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("outbox-\(UUID().uuidString)").path
        journal = try SQLiteJournal(directory: folder)
        let plans = receivers.map {
            ReceiverPlan(name: $0.name, kind: .webhook, url: "http://x", giveUpAfterMs: giveUpAfterMs)
        }
        pump = OutboxPump(
            journal: journal, receivers: receivers, plans: plans, wallClock: { [clock] in clock.now }, seed: 1)
    }

    func put(_ ids: [String], for receiver: String, sequence: UInt64 = 1) async throws {
        try await journal.append(
            JournalBatch(
                entries: [
                    JournalEntry(
                        sequence: sequence, wallMs: clock.now, release: "checkout", incident: nil, event: .acknowledged)
                ],
                deliveries: ids.map {
                    Delivery(id: $0, receiver: receiver, notification: .sample(atWallMs: clock.now))
                }))
    }

    /// Runs until the condition holds, moving the clock on, a bounded number of times.
    func run(until holds: () async throws -> Bool) async throws -> Bool {
        let running = Task { await pump.run() }
        var isThere = false
        for _ in 0..<2_000 where !isThere {
            isThere = try await holds()
            clock.advance(byMs: 100)
            pump.nudge()
            try await Task.sleep(for: .milliseconds(2))
        }
        running.cancel()
        await running.value
        try? FileManager.default.removeItem(atPath: folder)
        return isThere
    }
}

@Suite("The outbox")
struct OutboxPumpTests {
    @Test func deliversInOrderAndOnce() async throws {
        let oncall = ScriptedReceiver("oncall")
        let outbox = try Outbox([oncall])
        try await outbox.put(["a", "b", "c"], for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 3 })
        #expect(oncall.got.map(\.id) == ["a", "b", "c"])
    }

    @Test func triesAgainWithTheSameIdUntilItIsTaken() async throws {
        let oncall = ScriptedReceiver(
            "oncall", [.retry(reason: "503", afterMs: nil), .retry(reason: "429", afterMs: 3_000), .delivered])
        let outbox = try Outbox([oncall])
        try await outbox.put(["a"], for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 1 })
        #expect(oncall.got.map(\.id) == ["a", "a", "a"])
        #expect(oncall.got.map(\.attempt) == [1, 2, 3])
    }

    @Test func aDeadReceiverHoldsUpNobody() async throws {
        let dead = ScriptedReceiver("dead", [.retry(reason: "down", afterMs: nil)])
        let alive = ScriptedReceiver("alive")
        let outbox = try Outbox([dead, alive])
        try await outbox.put(["d1", "d2"], for: "dead")
        try await outbox.put(["a1", "a2"], for: "alive", sequence: 2)
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 2 })
        #expect(alive.got.map(\.id) == ["a1", "a2"])
    }

    @Test func oneBadDeliveryDoesNotBlockTheOthers() async throws {
        let oncall = ScriptedReceiver("oncall", [.retry(reason: "500", afterMs: nil), .delivered])
        let outbox = try Outbox([oncall])
        try await outbox.put(["bad", "good"], for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 2 })
        #expect(oncall.got.map(\.id) == ["bad", "good", "bad"])
    }

    @Test func whatIsRefusedIsADeadLetter() async throws {
        let oncall = ScriptedReceiver("oncall", [.refused(reason: "404"), .delivered])
        let outbox = try Outbox([oncall])
        try await outbox.put(["a", "b"], for: "oncall")
        var letters: [DeadLetter] = []
        #expect(
            try await outbox.run {
                letters = try await outbox.journal.deadLetters(limit: 10)
                return try await outbox.journal.outboxCounts() == OutboxCounts(dead: 1, delivered: 1)
            })
        #expect(letters.map(\.reason) == ["404"] && letters.first?.delivery.id == "a")
    }

    @Test func whatIsTooOldIsGivenUp() async throws {
        let oncall = ScriptedReceiver("oncall", [.retry(reason: "down", afterMs: nil)])
        let outbox = try Outbox([oncall], giveUpAfterMs: 5_000)
        try await outbox.put(["a"], for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().dead == 1 })
        #expect(oncall.got.count > 1)
    }

    @Test func whatIsForAReceiverThatIsGoneIsADeadLetter() async throws {
        let outbox = try Outbox([ScriptedReceiver("oncall")])
        try await outbox.put(["a"], for: "former")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().dead == 1 })
    }

    @Test func pausesDoubleUpToTheirCap() {
        let policy = DeliveryPolicy(
            plan: ReceiverPlan(name: "x", kind: .webhook, url: "http://x", retryMinMs: 500, retryMaxMs: 60_000))
        let longest = (1...12).map { policy.pauseMs(afterAttempt: $0, wishMs: nil, draw: 1) }
        #expect(longest.prefix(4) == [500, 1_000, 2_000, 4_000] && longest.last == 60_000)
        #expect(policy.pauseMs(afterAttempt: 1_000_000, wishMs: nil, draw: 0) == 30_000)
        #expect(policy.pauseMs(afterAttempt: 1, wishMs: 9_000, draw: 0) == 9_000)
    }
}
