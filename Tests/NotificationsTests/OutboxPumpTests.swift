import Foundation
import JournalStore
import Model
import Ports
import Support
import Synchronization
import Testing

@testable import Notifications

/// A receiver that answers from a list and keeps what it got.
private final class ScriptedReceiver: Receiver {
    let name: String
    let resendMs: Int64?
    private let state: Mutex<(answers: [DeliveryOutcome], got: [Delivery])>
    /// What it got, by id, and `standing` for alerts that were sent again.
    private let order = Mutex<[String]>([])

    init(_ name: String, _ answers: [DeliveryOutcome] = [.delivered], resendMs: Int64? = nil) {
        self.name = name
        self.resendMs = resendMs
        state = Mutex((answers, []))
    }

    var all: [String] { order.withLock { $0 } }

    func canGroup(_ notification: Model.Notification) -> Bool { true }

    func resend(_ standing: [Model.Notification]) async -> DeliveryOutcome {
        order.withLock { $0.append("standing " + standing.map(\.event.rawValue).joined(separator: ",")) }
        return .delivered
    }

    var got: [Delivery] { state.withLock(\.got) }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        order.withLock { $0.append(delivery.id) }
        return state.withLock { state in
            state.got.append(delivery)
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
        }
    }
}

/// A clock that jumps to what the outbox waits for: tests wait for nothing.
private final class JumpingClock: DaemonClock {
    private let moment = Mutex(Moment(uptimeMs: 77_000, wallMs: 1_700_000_000_123))

    var now: Moment { moment.withLock { $0 } }

    var uptimeNs: Int64 { now.uptimeMs * 1_000_000 }

    var taskExecutor: (any TaskExecutor)? { nil }

    /// The pump is nudged after each step of this clock, so that a pause of the real clock never has to end by itself.
    func sleep(ns: Int64) async throws(CancellationError) {
        do { try await Task.sleep(for: .nanoseconds(ns)) } catch { throw CancellationError() }
    }

    func advance(byMs step: Int64) {
        moment.withLock { $0 = Moment(uptimeMs: $0.uptimeMs + step, wallMs: $0.wallMs + step) }
    }

    /// The wall clock is set.
    func setWall(byMs step: Int64) { moment.withLock { $0.wallMs += step } }
}

private final class LogLines: Sendable {
    private let lines = Mutex<[LogLine]>([])

    var all: [LogLine] { lines.withLock { $0 } }

    func add(_ line: LogLine) { lines.withLock { $0.append(line) } }
}

private final class Troubles: Sendable {
    private let troubles = Mutex<[String]>([])

    /// `gone oncall: down`, `undelivered oncall: down`, `back oncall`.
    var all: [String] { troubles.withLock { $0 } }

    func add(_ trouble: DeliveryTrouble) {
        let text =
            switch trouble {
            case .undelivered(_, let undelivered): "undelivered \(undelivered.receiver): \(undelivered.reason)"
            case .gone(let undelivered): "gone \(undelivered.receiver): \(undelivered.reason)"
            case .back(let receiver): "back \(receiver)"
            }
        troubles.withLock { $0.append(text) }
    }
}

private struct Scene {
    typealias Event = Model.Notification.Event

    let troubles = Troubles()

    let journal: SQLiteJournal
    let pump: OutboxPump
    let clock = JumpingClock()
    let log: LogLines
    private let folder: String

    init(
        _ receivers: [ScriptedReceiver], giveUpAfterMs: Int64 = 3_600_000, standing: [Event] = [],
        groupWaitMs: Int64 = 0, rights: DeliveryRights? = nil
    ) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("outbox-\(UUID().uuidString)").path
        journal = try SQLiteJournal(directory: folder)
        let plans = receivers.map {
            var plan = ReceiverPlan(name: $0.name, kind: .webhook, url: "http://x", giveUpAfterMs: giveUpAfterMs)
            plan.groupWaitMs = groupWaitMs
            return plan
        }
        let log = LogLines()
        self.log = log
        let troubles = troubles
        pump = OutboxPump(
            outbox: journal, receivers: receivers, plans: plans, clock: clock, seed: 1,
            standing: { standing.map { Model.Notification.sample($0) } }, rights: rights,
            trouble: { troubles.add($0) }, log: { log.add($0) })
    }

    func put(_ ids: [String], for receiver: String, sequence: UInt64 = 1) async throws {
        try await journal.append(
            JournalBatch(
                entries: [
                    JournalEntry(
                        sequence: sequence, wallMs: clock.now.wallMs, release: "checkout", incident: nil,
                        event: .acknowledged)
                ],
                deliveries: ids.map {
                    Delivery(id: $0, receiver: receiver, notification: .sample(atWallMs: clock.now.wallMs))
                }))
    }

    /// One delivery to the receiver `chat` about an event of a release.
    func put(_ release: String, _ event: Event, sequence: UInt64) async throws {
        var notification = Model.Notification.sample(event, atWallMs: clock.now.wallMs)
        (notification.release, notification.sequence, notification.alert) = (release, sequence, nil)
        try await journal.append(
            JournalBatch(
                entries: [
                    JournalEntry(
                        sequence: sequence, wallMs: clock.now.wallMs, release: release, incident: nil,
                        event: .acknowledged)
                ],
                deliveries: [Delivery(id: "j-\(sequence)-chat", receiver: "chat", notification: notification)]))
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
        let outbox = try Scene([oncall])
        try await outbox.put(["a", "b", "c"], for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 3 })
        #expect(oncall.got.map(\.id) == ["a", "b", "c"])
    }

    /// A replica that does not lead keeps its deliveries until it leads, and drops what the leader has sent.
    @Test func aReplicaSendsWhatNoOtherReplicaHasSent() async throws {
        let oncall = ScriptedReceiver("oncall")
        let leads = Mutex(false)
        let sent = Mutex<[String]>([])
        let outbox = try Scene(
            [oncall],
            rights: DeliveryRights(
                permit: { delivery in
                    if delivery?.id == "a" { return .drop }
                    return leads.withLock { $0 } ? .send : .hold
                }, delivered: { delivery in sent.withLock { $0.append(delivery.id) } }))
        try await outbox.put(["a", "b", "c"], for: "oncall")
        var wasHeld = false
        let isDone = try await outbox.run {
            let counts = try await outbox.journal.outboxCounts()
            if !wasHeld, counts.waiting == 2 {
                wasHeld = oncall.got.isEmpty
                leads.withLock { $0 = true }
            }
            return counts.delivered == 2
        }
        #expect(isDone && wasHeld)
        #expect(oncall.got.map(\.id) == ["b", "c"])
        #expect(sent.withLock { $0 } == ["b", "c"])
    }

    @Test func triesAgainWithTheSameIdUntilItIsTaken() async throws {
        let oncall = ScriptedReceiver(
            "oncall", [.retry(reason: "503", afterMs: nil), .retry(reason: "429", afterMs: 3_000), .delivered])
        let outbox = try Scene([oncall])
        try await outbox.put(["a"], for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 1 })
        #expect(oncall.got.map(\.id) == ["a", "a", "a"])
        #expect(oncall.got.map(\.attempt) == [1, 2, 3])
    }

    @Test func aDeadReceiverDelaysNoOther() async throws {
        let dead = ScriptedReceiver("dead", [.retry(reason: "down", afterMs: nil)])
        let alive = ScriptedReceiver("alive")
        let outbox = try Scene([dead, alive])
        try await outbox.put(["d1", "d2"], for: "dead")
        try await outbox.put(["a1", "a2"], for: "alive", sequence: 2)
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 2 })
        #expect(alive.got.map(\.id) == ["a1", "a2"])
    }

    /// A receiver that keeps state must not hear of an end before its beginning.
    @Test func aDeliveryThatFailsIsTriedAgainBeforeTheNext() async throws {
        let oncall = ScriptedReceiver("oncall", [.retry(reason: "500", afterMs: nil), .delivered])
        let outbox = try Scene([oncall])
        try await outbox.put(["firing", "resolved"], for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 2 })
        #expect(oncall.got.map(\.id) == ["firing", "firing", "resolved"])
    }

    /// Whatever receivers answer: each one takes its deliveries in their order, and none waits for another.
    @Test(arguments: UInt64(1)...12)
    func theOrderOfEachReceiverIsKept(seed: UInt64) async throws {
        var dice = SeededGenerator(seed: seed)
        let names = ["a", "b", "c"]
        let receivers = names.map { name in
            ScriptedReceiver(
                name,
                (0..<12).map { _ -> DeliveryOutcome in
                    switch dice.next() % 4 {
                    case 0: .retry(reason: "down", afterMs: dice.next() % 2 == 0 ? nil : 3_000)
                    case 1: .refused(reason: "no")
                    default: .delivered
                    }
                } + [.delivered])
        }
        let outbox = try Scene(receivers)
        for name in names { try await outbox.put((1...8).map { "\(name)\($0)" }, for: name) }
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().waiting == 0 })
        for receiver in receivers {
            var heads: [String] = []
            for delivery in receiver.got where heads.last != delivery.id { heads.append(delivery.id) }
            #expect(heads == (1...8).map { "\(receiver.name)\($0)" }, "seed \(seed)")
        }
    }

    @Test func aQueueOfThousandsDelaysNoOther() async throws {
        let dead = ScriptedReceiver("dead", [.retry(reason: "down", afterMs: nil)])
        let alive = ScriptedReceiver("alive")
        let outbox = try Scene([dead, alive])
        try await outbox.put((1...3_000).map { "d\($0)" }, for: "dead")
        try await outbox.put(["a1"], for: "alive", sequence: 2)
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 1 })
        #expect(Set(dead.got.map(\.id)).isSubset(of: ["d1"]))
    }

    /// Back or forth, and by more than `give_up_after`: pauses are those of the monotonic clock, and no age is invented.
    @Test(arguments: [-86_400_000, -3_600_000, 3_600_000, 365 * 86_400_000] as [Int64])
    func aClockThatIsSetSilencesNoReceiverAndGivesNothingUp(byMs step: Int64) async throws {
        let oncall = ScriptedReceiver(
            "oncall", [.retry(reason: "503", afterMs: nil), .retry(reason: "503", afterMs: nil), .delivered])
        let outbox = try Scene([oncall])
        try await outbox.put(["a"], for: "oncall")
        var isSet = false
        let began = outbox.clock.now.uptimeMs
        #expect(
            try await outbox.run {
                if !isSet, !oncall.got.isEmpty {
                    outbox.clock.setWall(byMs: step)
                    isSet = true
                }
                return try await outbox.journal.outboxCounts().delivered == 1
            })
        #expect(try await outbox.journal.outboxCounts().dead == 0)
        #expect(outbox.clock.now.uptimeMs - began < 60_000)
    }

    /// The time of the next try that an earlier process wrote down with a wrong clock.
    @Test func anImplausibleTimeIsNow() {
        let policy = DeliveryPolicy(plan: ReceiverPlan(name: "x", kind: .webhook, url: "http://x", retryMaxMs: 60_000))
        func rest(_ nextTryWallMs: Int64, attempt: Int = 2) -> Int64 {
            let delivery = Delivery(id: "a", receiver: "x", notification: .sample(), attempt: attempt)
            return policy.remainingPauseMs(
                WaitingDelivery(delivery: delivery, nextTryWallMs: nextTryWallMs), nowWallMs: 1_000_000)
        }
        #expect(rest(1_030_000) == 30_000)
        #expect(rest(1_060_001) == 0 && rest(9_000_000_000) == 0 && rest(999_999) == 0)
        #expect(rest(1_030_000, attempt: 1) == 0)
    }

    /// An Alertmanager wants firing alerts again, but never before what waits for it.
    @Test func whatLastsIsSentAgainWhileNothingWaits() async throws {
        let manager = ScriptedReceiver(
            "am", [.retry(reason: "503", afterMs: nil), .retry(reason: "503", afterMs: nil), .delivered],
            resendMs: 60_000)
        let outbox = try Scene([manager], standing: [.alertFiring])
        try await outbox.put(["a", "b"], for: "am")
        #expect(try await outbox.run { manager.all.count { $0.hasPrefix("standing") } == 3 })
        #expect(manager.all.prefix(5) == ["a", "a", "a", "b", "standing alert_firing"])
        #expect(manager.all.dropFirst(5).allSatisfy { $0 == "standing alert_firing" })
    }

    @Test func troubleIsLoggedOnceAndItsEndToo() async throws {
        let oncall = ScriptedReceiver(
            "oncall", Array(repeating: .retry(reason: "503", afterMs: nil), count: 5) + [.delivered])
        let outbox = try Scene([oncall])
        try await outbox.put(["a"], for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 1 })
        #expect(outbox.log.all.map(\.level) == [.warning, .info])
        #expect(outbox.log.all.first?.text.contains("503") == true)
    }

    @Test func aDeadLetterIsLoggedWithItsReason() async throws {
        let oncall = ScriptedReceiver("oncall", [.refused(reason: "404")])
        let outbox = try Scene([oncall])
        try await outbox.put((1...50).map { "a\($0)" }, for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().dead == 50 })
        let lines = outbox.log.all.filter { $0.level == .error }
        #expect((1...3).contains(lines.count) && lines.allSatisfy { $0.text.contains("404") })
    }

    @Test func whatIsRefusedIsADeadLetter() async throws {
        let oncall = ScriptedReceiver("oncall", [.refused(reason: "404"), .delivered])
        let outbox = try Scene([oncall])
        try await outbox.put(["a", "b"], for: "oncall")
        var letters: [DeadLetter] = []
        #expect(
            try await outbox.run {
                letters = try await outbox.journal.deadLetters(limit: 10)
                return try await outbox.journal.outboxCounts() == OutboxCounts(dead: 1, delivered: 1)
            })
        #expect(letters.map(\.reason) == ["404"] && letters.first?.delivery.id == "a")
    }

    // MARK: Receivers that are gone

    @Test func whatIsRefusedIsReportedOnce() async throws {
        let oncall = ScriptedReceiver("oncall", [.refused(reason: "410"), .delivered])
        let outbox = try Scene([oncall])
        try await outbox.put(["a", "b"], for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts() == OutboxCounts(dead: 1, delivered: 1) })
        #expect(outbox.troubles.all == ["undelivered oncall: 410"])
    }

    /// A short trouble is not reported; one that lasts is, with everything that waits, and its end.
    @Test func aReceiverThatFailsForTwoMinutesIsGoneUntilItWorks() async throws {
        let short = ScriptedReceiver("short", [.retry(reason: "503", afterMs: nil), .delivered])
        let down = ScriptedReceiver("down", [.retry(reason: "503", afterMs: nil)])
        let outbox = try Scene([short, down])
        try await outbox.put(["a"], for: "short")
        try await outbox.put(["b", "c"], for: "down", sequence: 2)
        let began = outbox.clock.now.uptimeMs
        #expect(try await outbox.run { !outbox.troubles.all.isEmpty })
        #expect(outbox.clock.now.uptimeMs - began >= DeliveryTrouble.goneMs)
        #expect(outbox.troubles.all == ["gone down: 503", "undelivered down: 503", "undelivered down: 503"])
    }

    /// It says itself that it will not be there: its address or its credential is not valid any more.
    @Test func aReceiverThatIsGoneIsReportedAtOnceAndSoIsItsReturn() async throws {
        let oncall = ScriptedReceiver("oncall", [.retry(reason: "gone", afterMs: 120_000), .delivered])
        let outbox = try Scene([oncall])
        try await outbox.put(["a"], for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 1 })
        #expect(outbox.troubles.all == ["gone oncall: gone", "undelivered oncall: gone", "back oncall"])
    }

    /// An operator may have repaired it: the next try says whether it is gone.
    @Test func aReloadTriesAReceiverThatIsGone() async throws {
        let oncall = ScriptedReceiver("oncall", [.retry(reason: "401", afterMs: 3_600_000)])
        let outbox = try Scene([oncall])
        try await outbox.put(["a"], for: "oncall")
        var isReloaded = false
        let isTriedAgain = try await outbox.run {
            if !isReloaded, outbox.troubles.all.count == 2 {
                await outbox.pump.update(
                    receivers: [oncall], plans: [ReceiverPlan(name: "oncall", kind: .webhook, url: "http://x")])
                isReloaded = true
            }
            return oncall.got.count == 2 && outbox.troubles.all.count == 5
        }
        #expect(isTriedAgain)
        let trouble = ["gone oncall: 401", "undelivered oncall: 401"]
        #expect(outbox.troubles.all == trouble + ["back oncall"] + trouble)
    }

    @Test func whatIsTooOldIsGivenUp() async throws {
        let oncall = ScriptedReceiver("oncall", [.retry(reason: "down", afterMs: nil)])
        let outbox = try Scene([oncall], giveUpAfterMs: 5_000)
        try await outbox.put(["a"], for: "oncall")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().dead == 1 })
        #expect(oncall.got.count > 1)
    }

    @Test func whatIsForAReceiverThatIsGoneIsADeadLetter() async throws {
        let outbox = try Scene([ScriptedReceiver("oncall")])
        try await outbox.put(["a"], for: "former")
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().dead == 1 })
    }

    // MARK: Groups

    /// In virtual time: two releases begin 3 s apart, a third one later than the wait.
    @Test func theSameEventOfSeveralReleasesWithinTheWaitIsOneMessage() async throws {
        let chat = ScriptedReceiver("chat")
        let outbox = try Scene([chat], groupWaitMs: 10_000)
        let begin = outbox.clock.now.uptimeMs
        try await outbox.put("a", .rolloutBegun, sequence: 1)
        var next: UInt64 = 2
        #expect(
            try await outbox.run {
                let passedMs = outbox.clock.now.uptimeMs - begin
                for (atMs, release, sequence) in [(3_000, "b", 2), (25_000, "c", 3)] as [(Int64, String, UInt64)]
                where passedMs >= atMs && next == sequence {
                    try await outbox.put(release, .rolloutBegun, sequence: sequence)
                    next += 1
                }
                return try await outbox.journal.outboxCounts().delivered == 3
            })
        #expect(chat.got.map { $0.notification.all.map(\.release) } == [["a", "b"], ["c"]])
        #expect(chat.got.map(\.id) == ["j-1-chat+1-2", "j-3-chat"])
    }

    /// A rollback that does not get through waits for nothing, nor does what is in front of it.
    @Test func anAbandonedRollbackEndsTheWait() async throws {
        let chat = ScriptedReceiver("chat")
        let outbox = try Scene([chat], groupWaitMs: 300_000)
        let begin = outbox.clock.now.uptimeMs
        try await outbox.put("a", .rolloutBegun, sequence: 1)
        var isPut = false
        #expect(
            try await outbox.run {
                if !isPut, outbox.clock.now.uptimeMs - begin >= 2_000 {
                    isPut = true
                    try await outbox.put("b", .rollbackAbandoned, sequence: 2)
                }
                return try await outbox.journal.outboxCounts().delivered == 2
            })
        #expect(chat.got.map(\.id) == ["j-1-chat", "j-2-chat"])
        #expect(outbox.clock.now.uptimeMs - begin < 60_000)
    }

    /// A service that drops what it has seen must not drop a release that joined later.
    @Test func aGroupThatFailsIsTriedAgainWithTheSameMembers() async throws {
        let chat = ScriptedReceiver("chat", [.retry(reason: "503", afterMs: 2_000), .delivered])
        let outbox = try Scene([chat], groupWaitMs: 1_000)
        try await outbox.put("a", .rolloutBegun, sequence: 1)
        try await outbox.put("b", .rolloutBegun, sequence: 2)
        var isPut = false
        #expect(
            try await outbox.run {
                if !isPut, chat.got.count == 1 {
                    isPut = true
                    try await outbox.put("c", .rolloutBegun, sequence: 3)
                }
                return try await outbox.journal.outboxCounts().delivered == 3
            })
        #expect(chat.got.map(\.id) == ["j-1-chat+1-2", "j-1-chat+1-2", "j-3-chat"])
    }

    @Test func aGroupThatIsRefusedIsADeadLetterForEachRelease() async throws {
        let outbox = try Scene([ScriptedReceiver("chat", [.refused(reason: "404")])], groupWaitMs: 1_000)
        try await outbox.put("a", .rolloutBegun, sequence: 1)
        try await outbox.put("b", .rolloutBegun, sequence: 2)
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().dead == 2 })
    }

    /// The wait is one of the monotonic clock.
    @Test func aClockThatIsSetBackDoesNotProlongTheWait() async throws {
        let outbox = try Scene([ScriptedReceiver("chat")], groupWaitMs: 5_000)
        let begin = outbox.clock.now.uptimeMs
        try await outbox.put("a", .rolloutBegun, sequence: 1)
        outbox.clock.setWall(byMs: -3_600_000)
        #expect(try await outbox.run { try await outbox.journal.outboxCounts().delivered == 1 })
        #expect(outbox.clock.now.uptimeMs - begin < 30_000)
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
