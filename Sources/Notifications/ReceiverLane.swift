import Model
import Ports

/// What the pump knows of one receiver between two tries. All times are of the monotonic clock.
struct ReceiverLane {
    /// A receiver that does not take notifications.
    struct Failure {
        let sinceUptimeMs: Int64
        var loggedUptimeMs: Int64
        var reason: String
    }

    var receiver: any Receiver
    var policy: DeliveryPolicy
    /// It is being delivered to now.
    var isBusy = false
    /// No try before then.
    var pausedUntilUptimeMs: Int64?
    /// The head of the queue waits for the same event of other releases.
    struct Hold {
        let untilUptimeMs: Int64
        /// The pump's count when the queue was read: with another one there may be something urgent.
        let nudges: UInt64
    }

    var hold: Hold?
    /// The head that waits, and since when: a wall clock that is set back must not make it wait for longer.
    private var heldHead: (id: String, sinceUptimeMs: Int64)?
    /// Ids of the deliveries of one message that failed, from the head; empty otherwise.
    var failedGroup: [String] = []
    /// When the alerts that last are sent again; nil for a receiver that does not want that.
    var resendUptimeMs: Int64?
    /// The pause that an earlier process planned was considered.
    var hasStarted = false
    private(set) var failure: Failure?
    /// It has failed for ``DeliveryTrouble/goneMs``.
    private(set) var isGone = false
    /// Dead letters since the last line about one.
    private var deadUnlogged = 0
    private var deadLoggedUptimeMs: Int64?

    init(receiver: any Receiver, plan: ReceiverPlan) {
        self.receiver = receiver
        policy = DeliveryPolicy(plan: plan)
    }

    /// A new configuration: the next try is made at once.
    mutating func adopt(_ next: any Receiver, plan: ReceiverPlan) {
        next.takeOver(from: receiver)
        receiver = next
        if next.resendMs == nil { resendUptimeMs = nil }
        policy = DeliveryPolicy(plan: plan)
        (pausedUntilUptimeMs, hold, isGone) = (nil, nil, false)
    }

    func wantsResend(atUptimeMs now: Int64) -> Bool {
        receiver.resendMs != nil && (resendUptimeMs ?? now) <= now
    }

    /// How much longer the head may wait for others, milliseconds.
    mutating func waitLeftMs(_ head: String, atUptimeMs now: Int64) -> Int64 {
        if heldHead?.id != head { heldHead = (head, now) }
        return policy.plan.groupWaitMs - (now - (heldHead?.sinceUptimeMs ?? now))
    }

    func isFree(atUptimeMs now: Int64, nudges: UInt64) -> Bool {
        guard !isBusy, (pausedUntilUptimeMs ?? now) <= now else { return false }
        return hold.map { $0.untilUptimeMs <= now || $0.nudges != nudges } ?? true
    }

    /// Whether a failed try means from now on that the receiver is gone.
    ///
    /// - Parameter wishMs: for how long the receiver does not want to be tried: that counts as well.
    mutating func becomesGone(wishMs: Int64?, atUptimeMs now: Int64) -> Bool {
        guard !isGone, let failure else { return false }
        isGone = now - failure.sinceUptimeMs + (wishMs ?? 0) >= DeliveryTrouble.goneMs
        return isGone
    }

    // MARK: The log

    /// One line when the trouble begins, and one every ten minutes while it lasts.
    private static let failureLogMs: Int64 = 600_000
    private static let deadLogMs: Int64 = 60_000

    /// - Returns: a line for the log, or nil when the last one is young.
    mutating func failed(_ reason: String, pauseMs: Int64, atUptimeMs now: Int64) -> LogLine? {
        let name = policy.plan.name
        guard var known = failure else {
            failure = Failure(sinceUptimeMs: now, loggedUptimeMs: now, reason: reason)
            return LogLine(
                .warning, "the receiver \(name) does not take notifications: \(reason); next try in \(pauseMs) ms")
        }
        known.reason = reason
        let isDue = now - known.loggedUptimeMs >= Self.failureLogMs
        if isDue { known.loggedUptimeMs = now }
        failure = known
        guard isDue else { return nil }
        let seconds = (now - known.sinceUptimeMs) / 1_000
        return LogLine(.warning, "the receiver \(name) has not taken notifications for \(seconds) s: \(reason)")
    }

    mutating func worked(atUptimeMs now: Int64) -> LogLine? {
        guard let ended = failure else { return nil }
        (failure, isGone) = (nil, false)
        let seconds = (now - ended.sinceUptimeMs) / 1_000
        return LogLine(.info, "the receiver \(policy.plan.name) takes notifications again after \(seconds) s")
    }

    mutating func gaveUp(_ delivery: Delivery, _ reason: String, atUptimeMs now: Int64) -> LogLine? {
        if let last = deadLoggedUptimeMs, now - last < Self.deadLogMs {
            deadUnlogged += 1
            return nil
        }
        defer { (deadUnlogged, deadLoggedUptimeMs) = (0, now) }
        let others = deadUnlogged == 0 ? "" : " (and \(deadUnlogged) others since the last such line)"
        return LogLine(
            .error,
            "\(delivery.notification.event.rawValue) for the receiver \(policy.plan.name) was given up: \(reason)\(others);"
                + " see `rollguard deliveries list`")
    }
}
