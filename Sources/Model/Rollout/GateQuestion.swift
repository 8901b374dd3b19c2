/// What a webhook gate is asked. The id is the same over all tries and restarts.
public struct GateQuestion: Sendable, Equatable {
    /// `checkout-r42-3-smoke-1`: rollout, step, gate, round.
    public var id: String
    public var release: String
    public var rollout: String
    public var gate: WebhookGatePlan
    public var step: Int
    public var steps: Int
    public var shareBasisPoints: Int
    /// The share that would come next; 10 000 at the last step.
    public var nextBasisPoints: Int
    public var baseline: VersionIdentity?
    public var canary: VersionIdentity
    /// What the step has shown so far, for people.
    public var evidence: [GateResult]
    public var askedWallMs: Int64
    public var answerByWallMs: Int64
    /// 1 for the first version's first try.
    public var attempt: Int

    public init(
        id: String, release: String, rollout: String, gate: WebhookGatePlan, step: Int, steps: Int,
        shareBasisPoints: Int, nextBasisPoints: Int, baseline: VersionIdentity?, canary: VersionIdentity,
        evidence: [GateResult], askedWallMs: Int64, answerByWallMs: Int64, attempt: Int
    ) {
        self.id = id
        self.release = release
        self.rollout = rollout
        self.gate = gate
        self.step = step
        self.steps = steps
        self.shareBasisPoints = shareBasisPoints
        self.nextBasisPoints = nextBasisPoints
        self.baseline = baseline
        self.canary = canary
        self.evidence = evidence
        self.askedWallMs = askedWallMs
        self.answerByWallMs = answerByWallMs
        self.attempt = attempt
    }
}

/// What came of one try to ask a gate.
public enum GateTry: Sendable, Equatable {
    case answered(GateReply)
    /// Asked again after so many milliseconds.
    case later(afterMs: Int64, reason: String)
    /// No answer; the text says why. Tried again.
    case noAnswer(String)
}
