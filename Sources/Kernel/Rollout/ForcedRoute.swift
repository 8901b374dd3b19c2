import Model

/// The router's route for test users, who get the canary at any share. It is open while a step that asks for it is in force, and
/// closed by everything that takes the canary out: their requests would look like traffic that the router still gives it.
struct ForcedRoute: Sendable, Equatable {
    /// Between two tries.
    private static let pauseMs: Int64 = 10_000

    /// As all instances of the router confirmed it; nil when that is not known, as after a restart.
    private(set) var isOpen: Bool?
    private var isWanted = false
    /// One at a time: of two calls to an instance the earlier one could be the last to arrive.
    private(set) var call: RouterCall?
    private var asked = false
    private var nextTryUptimeMs: Int64?

    /// At the end of a cycle, and when a step has come into force.
    mutating func follow(_ rollout: Rollout, _ step: inout RolloutStep) {
        guard rollout.hasForcedSteps, rollout.isInForce else { return }
        isWanted = rollout.plan?.opensForcedRoute ?? false
        if let call, step.now.uptimeMs >= call.expiresUptimeMs { lose() }
        if let next = nextTryUptimeMs, step.now.uptimeMs < next { return }
        send(&step)
    }

    /// The canary is taken out, or its rollout is over. A call that opens it is waited for, and closed when it is answered.
    mutating func close(_ rollout: Rollout, _ step: inout RolloutStep) {
        isWanted = false
        if rollout.hasForcedSteps { send(&step) }
    }

    private mutating func send(_ step: inout RolloutStep) {
        guard call == nil, isOpen != isWanted, !step.context.isDryRun else { return }
        asked = isWanted
        call = step.force(isOpen: isWanted)
        nextTryUptimeMs = step.now.uptimeMs + ForcedRoute.pauseMs
    }

    /// - Returns: whether this is the answer to its call.
    mutating func answered(call number: Int, _ receipts: [RouterReceipt], _ step: inout RolloutStep) -> Bool {
        guard call?.number == number else { return false }
        call = nil
        isOpen = receipts.allSatisfy { $0.outcome == .accepted } ? asked : nil
        if isOpen != nil { nextTryUptimeMs = nil }
        // What closes it must not wait for the next cycle.
        if !isWanted, asked { send(&step) }
        return true
    }

    /// What came of the call is not known.
    private mutating func lose() { (call, isOpen) = (nil, nil) }

    /// A router that lost its state, or another client, may have moved it.
    mutating func observed(_ observations: [RouterObservation]) {
        guard call == nil, isOpen != nil, observations.contains(where: { $0.isForced != nil && $0.isForced != isOpen })
        else { return }
        isOpen = nil
    }

    /// Shown as a gate: a step for test users shows nothing before they can reach the canary.
    func gate(_ rollout: Rollout) -> GateResult? {
        guard rollout.plan?.opensForcedRoute == true else { return nil }
        let isReady = isOpen == true
        return GateResult(
            gate: "forced", isOpen: isReady,
            text: isReady ? "the route for test users is open" : "the route for test users is not open yet")
    }
}

extension Rollout {
    fileprivate var hasForcedSteps: Bool { steps.contains(where: \.opensForcedRoute) }

    /// A step's share is in force, or the next one is on its way.
    fileprivate var isInForce: Bool {
        switch state {
        case .standing, .moving, .baking: true
        case .queued, .prepared, .checking, .rollingBack, .ended: false
        }
    }
}
