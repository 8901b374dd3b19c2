import Model

/// The regular polls of a release's router: what it shows, whether it could be used, and how long the share has been the same.
/// At most one poll is on its way.
struct RouterPoll: Sendable, Equatable {
    /// What the router last showed; empty before the first answer.
    private(set) var observations: [RouterObservation] = []
    /// When it showed that; nil before the first answer.
    private(set) var takenUptimeMs: Int64?
    private(set) var call: RouterCall?
    private(set) var nextUptimeMs: Int64
    var health = RouterHealth()
    var shares = ShareHistory()

    init(nextUptimeMs: Int64) { self.nextUptimeMs = nextUptimeMs }

    /// The canary's share, basis points, as the last poll showed it; nil while it is not known.
    var share: Int? { observations.canaryShare }

    /// As far as the router reports the canary has traffic; of a router that can never be read it is assumed.
    var mayGiveTraffic: Bool { share.map { $0 > 0 } ?? observations.areUnreadable }

    var wakeUptimeMs: Int64 { call?.expiresUptimeMs ?? nextUptimeMs }

    /// What time asks for.
    enum Due: Equatable {
        case nothing
        case poll
        /// The poll that is on its way is not waited for any longer, and the next one is not due.
        case expired
        case expiredAndPoll
    }

    mutating func due(at now: Int64) -> Due {
        guard let call else { return now >= nextUptimeMs ? .poll : .nothing }
        guard now >= call.expiresUptimeMs else { return .nothing }
        self.call = nil
        return now >= nextUptimeMs ? .expiredAndPoll : .expired
    }

    mutating func send(_ plan: ReleasePlan, via destination: CallDestination, _ context: inout StepContext) {
        let (now, rollback) = (context.now.uptimeMs, plan.rollback)
        let next = RouterCall(number: context.newCall(), expiresUptimeMs: now + rollback.callLimitMs)
        (call, nextUptimeMs) = (next, now + rollback.observeEveryMs)
        context.emit(
            .observeSplit(
                release: plan.name, call: next.number, timeoutMs: rollback.callTimeoutMs, via: destination))
    }

    /// Takes in what a poll showed, or a rollback's own read-back.
    mutating func take(_ observations: [RouterObservation], atUptimeMs now: Int64) {
        self.observations = observations
        takenUptimeMs = now
        shares.take(observations, atUptimeMs: now)
    }

    /// A poll that was sent before says nothing about what follows.
    mutating func dropCall() { call = nil }

    mutating func schedule(atUptimeMs next: Int64) { nextUptimeMs = next }

    /// Not later than it is scheduled already.
    mutating func hasten(toUptimeMs next: Int64) { nextUptimeMs = Swift.min(nextUptimeMs, next) }

    /// Nothing that was shown holds any more.
    mutating func forget(nextUptimeMs next: Int64) {
        (observations, takenUptimeMs, call, nextUptimeMs) = ([], nil, nil, next)
    }
}
