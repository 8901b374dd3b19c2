/// Where a rollback is. What a state waits for is part of the state, so nothing else can be waited for.
enum RollbackState: Sendable, Equatable {
    /// The intent is on its way to the disk; after this time the router is called all the same.
    case awaitingDurable(untilUptimeMs: Int64)
    case applying(RouterCall)
    case observing(RouterCall)
    /// A step of several is in place; the baseline has to carry it for a while.
    case draining(pollUptimeMs: Int64)
    /// A pause before the next try.
    case pausing(untilUptimeMs: Int64)
    /// The router shows 0 % everywhere; the canary's traffic has to follow.
    case verifying(pollUptimeMs: Int64)
    /// Nothing is to be done.
    case settled

    /// The call that is on its way.
    var call: RouterCall? {
        switch self {
        case .applying(let call), .observing(let call): call
        case .awaitingDurable, .draining, .pausing, .verifying, .settled: nil
        }
    }

    /// Whether this is the answer to the poll that is on its way.
    func awaitsObservation(call number: Int) -> Bool {
        if case .observing(let call) = self { call.number == number } else { false }
    }

    /// When there is something to do by time alone; nil when there never is.
    var wakeUptimeMs: Int64? {
        switch self {
        case .applying(let call), .observing(let call): call.expiresUptimeMs
        case .awaitingDurable(let time), .draining(let time), .pausing(let time), .verifying(let time): time
        case .settled: nil
        }
    }
}
