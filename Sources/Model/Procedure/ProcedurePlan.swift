/// What belongs to going back beside the traffic: the `plan` of a release. The code calls it a procedure, because ``Plan`` is
/// the whole configuration.
///
/// A rollback freezes it with its intent, so it is stored in the journal: it holds references to secrets, never secrets.
public struct ProcedurePlan: Sendable, Equatable, Codable {
    /// From the intent to the end of the last step; past it an operator is notified, and the steps continue.
    public var deadlineMs: Int64
    /// In the order in which they run: by ``ProcedureStep/at``, and within one as they are written.
    public var steps: [ProcedureStep]
    /// Which versions fit the schema. It is watched all the time, so a rollback does not freeze it.
    public var schema: SchemaGate?
    /// Of a plan that was frozen for the ways forward: its versions; nil for a rollback's.
    public var forward: ForwardVersions?

    public init(deadlineMs: Int64 = 900_000, steps: [ProcedureStep] = [], schema: SchemaGate? = nil) {
        self.deadlineMs = deadlineMs
        self.steps = steps
        self.schema = schema
    }

    /// What a rollback freezes: its own steps, in the order in which they run.
    public var ordered: ProcedurePlan { ProcedurePlan(deadlineMs: deadlineMs, steps: steps(on: .rollback)) }
}

/// One step of a procedure.
public struct ProcedureStep: Sendable, Equatable, Codable {
    /// When a step is due; the raw value is the one in the configuration, and the order is the one in which they run.
    public enum Point: String, Sendable, Equatable, Codable, CaseIterable {
        /// Of the ways forward: before the router's call, which waits for it.
        case before
        /// After the router's call was made, without waiting for its answer.
        case split
        /// After the rollback was acknowledged.
        case proof
        /// The same, and ``ProcedureStep/drainMs`` later: what the canary had in hand is done.
        case drained
        /// At the end: after the first share was read back, after the promotion, or after the other steps of a rollback.
        case after
    }

    /// What a step that has failed means for those after it; the raw value is the one in the configuration.
    public enum OnFailure: String, Sendable, Equatable, Codable, CaseIterable {
        /// The next step runs.
        case `continue`
        /// The procedure stops here, and an operator is notified.
        case hold
        /// The same, and it is critical.
        case page
    }

    /// Unique in a procedure.
    public var name: String
    public var work: ProcedureWork
    public var at: Point
    /// Of a step with `at: drained`.
    public var drainMs: Int64
    /// Of one try.
    public var timeoutMs: Int64
    /// Tries after the first one.
    public var retries: Int
    /// Between two tries.
    public var retryAfterMs: Int64
    /// How long the proof may take after the work was done.
    public var settleMs: Int64
    public var onFailure: OnFailure
    /// Whether it may run once more when its outcome is unknown.
    public var isIdempotent: Bool
    // Those that follow came later: nil in older journals.
    /// It cannot be taken back, so it is done by hand, after a backup was verified, and nothing undoes it; nil for no.
    public var isDestructive: Bool?
    /// See ``watchEveryMs``.
    var watchMs: Int64?
    /// See ``remindEveryMs``.
    var remindMs: Int64?
    /// See ``runsTogether``.
    var together: Bool?
    /// Without it the step runs in any case.
    public var condition: StepGuard?
    /// Nil for a step of a rollback alone; ``when`` reads it.
    public var roads: [ProcedureRoad]?
    /// Of a step of the road `watch`; ``intervalMs`` reads it.
    public var everyMs: Int64?
    /// What takes its effect back, where the kind of step does not say so itself.
    public var undo: ProcedureWork?
    /// Of a frozen step that undoes another one.
    public var undoing: UndoRecord?

    public init(
        name: String, work: ProcedureWork, at: Point = .proof, drainMs: Int64 = 30_000, timeoutMs: Int64 = 30_000,
        retries: Int = 0, retryAfterMs: Int64 = 5_000, settleMs: Int64 = 60_000, onFailure: OnFailure = .page,
        isIdempotent: Bool = false
    ) {
        self.name = name
        self.work = work
        self.at = at
        self.drainMs = drainMs
        self.timeoutMs = timeoutMs
        self.retries = retries
        self.retryAfterMs = retryAfterMs
        self.settleMs = settleMs
        self.onFailure = onFailure
        self.isIdempotent = isIdempotent
    }

    /// Whether something else than its own answer shows that it took effect.
    public var hasProof: Bool { work.hasProof }

    /// What one try may take until its answer counts as lost, milliseconds: with the time in which a program is ended.
    public var callLimitMs: Int64 { timeoutMs + (work.exec?.graceMs ?? 0) + 5_000 }
}
