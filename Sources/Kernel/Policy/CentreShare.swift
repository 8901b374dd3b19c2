import Model

/// The share that a configuration centre orders for a release without steps, and how far the router is with it.
///
/// Each change of the value is one order. It is over when the router was seen with the share: what other clients do to the router
/// afterwards is not undone, and the same value raises nothing once more.
struct CentreShare: Sendable, Equatable {
    private static let quickTries = 5
    private static let quickPauseMs: Int64 = 2_000
    private static let slowPauseMs: Int64 = 60_000

    private(set) var order: ShareOrder?
    private(set) var isOver = false
    private(set) var wasInForce = false
    /// Why the order is not carried out.
    private(set) var reason: String?
    /// Why the centre gives no other value.
    var problem: String?
    private(set) var call: RouterCall?
    /// The entry of the order; the router is not called upwards before it is on the disk.
    private var sequence: UInt64?
    private var tries = 0
    private var nextTryUptimeMs: Int64?
    private var hasNotedHold = false

    /// Something may be left to do.
    var isOpen: Bool { order != nil && !isOver || call != nil }

    /// What `rearm` has to say of an order that waits for it.
    var textOfRearm: String {
        guard let order, !isOver else { return "" }
        return "; the centre's share of \(order.shareText) follows now"
    }

    var wasSent: Bool { tries > 0 }

    var wakeUptimeMs: Int64? { call?.expiresUptimeMs ?? (isOver ? nil : nextTryUptimeMs) }

    mutating func take(_ next: ShareOrder) {
        problem = nil
        if let order, order.isSame(as: next) { return }
        order = next
        (isOver, wasInForce, reason, sequence) = (false, false, nil, nil)
        (tries, nextTryUptimeMs, hasNotedHold) = (0, nil, false)
        if next.memory == .same { end(wasInForce: true) }
    }

    /// The release does not follow the centre any more.
    mutating func forget() { self = CentreShare() }

    mutating func end(wasInForce isTrue: Bool) {
        (isOver, wasInForce, nextTryUptimeMs) = (true, wasInForce || isTrue, nil)
        reason = isTrue ? nil : "it was there before the rollback was known; write it again after `rearm`"
    }

    mutating func wait(because text: String) { (reason, nextTryUptimeMs) = (text, nil) }

    /// - Returns: whether this order was not held before.
    mutating func hold(because text: String) -> Bool {
        wait(because: text)
        defer { hasNotedHold = true }
        return !hasNotedHold
    }

    // MARK: Calls

    /// No call is on its way, and the pause after the last one is over.
    mutating func isDue(at now: Int64) -> Bool {
        if let call, now >= call.expiresUptimeMs { self.call = nil }
        guard call == nil else { return false }
        return nextTryUptimeMs.map { now >= $0 } ?? true
    }

    mutating func intended(_ entry: UInt64) { sequence = entry }

    /// The entries were lost; the order is written once more.
    mutating func lost(from first: UInt64, through last: UInt64) {
        if let sequence, (first...last).contains(sequence) { self.sequence = nil }
    }

    var isWritten: Bool { sequence != nil }

    func isDurable(through last: UInt64) -> Bool { sequence.map { $0 <= last } ?? false }

    mutating func sent(_ next: RouterCall, at now: Int64) {
        call = next
        tries += 1
        (reason, wasInForce) = (nil, true)
        nextTryUptimeMs = next.expiresUptimeMs + (tries < Self.quickTries ? Self.quickPauseMs : Self.slowPauseMs)
    }

    func awaitsReceipt(call number: Int) -> Bool { call?.number == number }

    mutating func answered(_ receipts: [RouterReceipt]) {
        call = nil
        guard let refused = receipts.first(where: { $0.outcome != .accepted }) else { return }
        reason = "\(refused.instance) did not take it: \(refused.detail)"
    }
}
