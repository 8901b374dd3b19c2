import Model

/// The share that a configuration centre orders for a release without steps, and how far the router is with it.
///
/// Each change of the value is one order. It is over when the router was seen with the share: what other clients do to the router
/// afterwards is not undone, and the same value raises nothing once more.
struct CentreShare: Sendable, Equatable {
    private static let quickTries = 5
    private static let quickPauseMs: Int64 = 2_000
    private static let slowPauseMs: Int64 = 60_000
    /// Of an order to raise the share: about an hour of calls.
    static let raiseLimit = 60

    /// What the last reading of the router says about the order.
    enum Reading: Sendable, Equatable {
        /// It was asked for after the order had come and after the last call had ended.
        case current
        /// It is from before the order; no call has changed anything since.
        case older
        /// A call was sent since: it shows what was there before.
        case beforeCall
    }

    private(set) var order: ShareOrder?
    private(set) var isOver = false
    /// The router was seen with it, or a rollback has taken it out.
    private(set) var wasInForce = false
    private(set) var reading = Reading.older
    /// Every instance has accepted the value.
    private(set) var isAccepted = false
    /// Nothing is carried out: an operator has detached the host from the centre.
    private(set) var isDetached = false
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
    /// The call on its way is of this order, and not of the one before.
    private var isCallOfOrder = false

    /// Something may be left to do.
    var isOpen: Bool { order != nil && !isOver || call != nil }

    /// What `rearm` has to say of an order that waits for it.
    var textOfRearm: String {
        guard let order, !isOver else { return "" }
        return "; the centre's share of \(order.shareText) follows now"
    }

    var wasSent: Bool { tries > 0 }

    var wakeUptimeMs: Int64? { call?.expiresUptimeMs ?? (isOver ? nil : nextTryUptimeMs) }

    /// - Returns: whether it is another order than the one before, for which the router has to be read.
    mutating func take(_ next: ShareOrder) -> Bool {
        problem = nil
        if let order, order.isSame(as: next) { return false }
        order = next
        (isOver, wasInForce, reason, sequence) = (false, false, nil, nil)
        (tries, nextTryUptimeMs, hasNotedHold) = (0, nil, false)
        (isAccepted, isCallOfOrder) = (false, false)
        if reading == .current { reading = .older }
        if next.memory == .same { end(wasInForce: true) }
        return true
    }

    mutating func detach(_ isTrue: Bool) {
        isDetached = isTrue
        if !isTrue, !isOver { reason = nil }
    }

    /// The router was read, by a poll that no order and no call came after. While a call is on its way a reading proves nothing.
    mutating func wasRead() { if call == nil { reading = .current } }

    /// The release does not follow the centre any more.
    mutating func forget() { self = CentreShare() }

    mutating func end(wasInForce isTrue: Bool) {
        (isOver, wasInForce, nextTryUptimeMs) = (true, wasInForce || isTrue, nil)
        reason = isTrue ? nil : "it was there before the rollback was known; write it again after `rearm`"
    }

    /// Over without having been in force.
    mutating func giveUp(because text: String) { (isOver, nextTryUptimeMs, reason) = (true, nil, text) }

    /// As many calls as an order to raise the share gets.
    var isExhausted: Bool { tries >= Self.raiseLimit }

    var textOfGivingUp: String {
        "the router was called \(tries) times and was never seen with it" + (reason.map { " (\($0))" } ?? "")
            + "; write it again when the router is repaired"
    }

    mutating func wait(because text: String) { (reason, nextTryUptimeMs) = (text, nil) }

    /// - Returns: whether this order was not held before.
    mutating func hold(because text: String) -> Bool {
        wait(because: text)
        defer { hasNotedHold = true }
        return !hasNotedHold
    }

    // MARK: Calls

    /// - Returns: whether a call was waited for in vain.
    mutating func expire(at now: Int64) -> Bool {
        guard let call, now >= call.expiresUptimeMs else { return false }
        self.call = nil
        return true
    }

    /// No call is on its way, and the pause after the last one is over.
    func isDue(at now: Int64) -> Bool {
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
        (reading, isAccepted, isCallOfOrder) = (.beforeCall, false, true)
        reason = nil
        nextTryUptimeMs = next.expiresUptimeMs + (tries < Self.quickTries ? Self.quickPauseMs : Self.slowPauseMs)
    }

    func awaitsReceipt(call number: Int) -> Bool { call?.number == number }

    mutating func answered(_ receipts: [RouterReceipt]) {
        call = nil
        guard isCallOfOrder else { return }
        guard let refused = receipts.first(where: { $0.outcome != .accepted }) else {
            isAccepted = !receipts.isEmpty
            return
        }
        reason = "\(refused.instance) did not take it: \(refused.detail)"
    }
}
