/// What a service's rollouts look like now.
public struct RolloutSnapshot: Sendable, Equatable {
    /// Which version is where; nil for a release without `steps`.
    public var deployment: DeploymentRecord
    /// The rollout that is under way, prepared or baking; nil between rollouts.
    public var running: Rollout?
    public var queued: Rollout?
    /// Ended ones, newest first, at most 20.
    public var ended: [Rollout]
    /// The gates of the present step, as they were judged in the last cycle, in their order.
    public var gates: [GateResult]
    /// What the rollout waits for, in a sentence; empty without one.
    public var waitsFor: String
    /// How long the present step has lasted, milliseconds.
    public var standingMs: Int64
    /// What the baseline's version would come back with: `v1.4.2 in blue, 2 of 2 targets answer`. Nil when there is none.
    public var wayBack: String?
    /// The configured steps: of the next rollout.
    public var plan: RolloutPlan
    /// Of a unit; empty for a release of its own.
    public var parts: [UnitSnapshot.Part] = []
    /// Of the running rollout's steps, else of the configured ones, in their order; empty where nothing can be estimated.
    public var estimates: [StepEstimate?]

    public init(
        deployment: DeploymentRecord, running: Rollout? = nil, queued: Rollout? = nil, ended: [Rollout] = [],
        gates: [GateResult] = [], waitsFor: String = "", standingMs: Int64 = 0,
        wayBack: String? = nil, plan: RolloutPlan, estimates: [StepEstimate?] = []
    ) {
        self.estimates = estimates
        self.deployment = deployment
        self.running = running
        self.queued = queued
        self.ended = ended
        self.gates = gates
        self.waitsFor = waitsFor
        self.standingMs = standingMs
        self.wayBack = wayBack
        self.plan = plan
    }

    /// The rollout with that id, whichever state it is in.
    public func rollout(_ id: String) -> Rollout? {
        if let running, running.id == id { return running }
        if let queued, queued.id == id { return queued }
        return ended.first { $0.id == id }
    }
}
