import Model

/// A share on its way into force: a step upwards, or its undoing. One call is one try; the router is read between two tries.
struct StepMove: Sendable, Equatable {
    let basisPoints: Int
    /// What every instance had before, or has when the move is undone.
    let fromBasisPoints: Int
    /// The intent's entry; the router is not called before it is durable.
    let sequence: UInt64
    var isDurable: Bool
    private(set) var call: RouterCall?
    /// Since the intent became durable.
    private(set) var begunUptimeMs: Int64?
    private var nextTryUptimeMs: Int64?

    /// Between two tries.
    private static let pauseMs: Int64 = 2_000

    /// - Parameter call: one that is still on its way, and is waited for.
    init(
        to basisPoints: Int, from: Int, sequence: UInt64, isDurable: Bool = false, after call: RouterCall? = nil
    ) {
        self.call = call
        self.basisPoints = basisPoints
        fromBasisPoints = from
        self.sequence = sequence
        self.isDurable = isDurable
    }

    var isUpwards: Bool { basisPoints > fromBasisPoints }

    /// It may call the router, and no call is on its way.
    func isDue(at now: Int64) -> Bool {
        guard isDurable, call == nil else { return false }
        return nextTryUptimeMs.map { now >= $0 } ?? true
    }

    /// A try was made a moment ago: routers take a while to show what they do.
    func isWaiting(at now: Int64) -> Bool { nextTryUptimeMs.map { now < $0 } ?? false }

    /// Its deadline is counted from now on, whether or not it may call already.
    mutating func begin(at now: Int64) { begunUptimeMs = begunUptimeMs ?? now }

    /// The router may have taken it.
    var wasCalled: Bool { nextTryUptimeMs != nil }

    mutating func send(_ step: inout RolloutStep) {
        begin(at: step.now.uptimeMs)
        call = step.apply(basisPoints: basisPoints)
        nextTryUptimeMs = step.now.uptimeMs + step.plan.rollback.callTimeoutMs + StepMove.pauseMs
    }

    /// - Returns: whether this is the answer to its call.
    mutating func answered(call number: Int) -> Bool {
        guard call?.number == number else { return false }
        call = nil
        return true
    }

    mutating func expire(at now: Int64) { if let call, now >= call.expiresUptimeMs { self.call = nil } }

    func isOverdue(deadlineMs: Int64, at now: Int64) -> Bool {
        begunUptimeMs.map { now - $0 >= deadlineMs } ?? false
    }

    var wakeUptimeMs: Int64? { call?.expiresUptimeMs ?? (isDurable ? nextTryUptimeMs : nil) }
}

extension [RouterObservation] {
    /// Every instance can be read, none gives the canary more than that, and none less by more than the router's smallest step.
    func areInPlace(basisPoints: Int, granularity: Int) -> Bool {
        !isEmpty
            && allSatisfy { one in
                guard let share = one.canaryBasisPoints else { return false }
                return share <= basisPoints && share >= basisPoints - granularity
            }
    }

    /// An instance gives the canary more than that.
    func areAbove(basisPoints: Int) -> Bool { contains { ($0.canaryBasisPoints ?? 0) > basisPoints } }

    /// Every instance that can be read gives the canary less, by more than the router's smallest step; one can be read.
    func areAllBelow(basisPoints: Int, granularity: Int) -> Bool {
        let shares = compactMap(\.canaryBasisPoints)
        return !shares.isEmpty && shares.count == count && shares.allSatisfy { $0 < basisPoints - granularity }
    }

    /// Some instance does.
    func areSomeBelow(basisPoints: Int, granularity: Int) -> Bool {
        contains { one in one.canaryBasisPoints.map { $0 < basisPoints - granularity } ?? false }
    }
}
