public import Model

/// What the kernel wants done. Effects of one step are carried out in their order; answers come back as inputs.
public enum Effect: Sendable, Equatable {
    /// Make durable; answered by `journalDurable` or `journalFailing`.
    case append(JournalBatch)
    /// Answered by `routerApplied` with the same `call`.
    case applySplit(release: String, call: Int, split: Split, timeoutMs: Int64, via: CallDestination)
    /// Answered by `routerObserved` with the same `call`.
    case observeSplit(release: String, call: Int, timeoutMs: Int64, via: CallDestination)
    /// Opens or closes the route that leads test users to the canary at any share; answered by `routerApplied` with the
    /// same `call`.
    case forceRoute(release: String, call: Int, isOpen: Bool, timeoutMs: Int64)
    /// A dry run: show the calls that would have been made.
    case showPlannedCalls(release: String, split: Split)
    /// The release's routers are turned this way from now on: its places have these roles. Comes before any call that
    /// rests on it.
    case aim(release: String, isTurned: Bool)
    /// The targets of the pools, or their versions, are others than before: scrape what ``Kernel/effectivePlan`` says.
    case poolsChanged(release: String)
    /// Answered by `gateTried` with the same id.
    case askGate(GateQuestion)
    /// Carries out a step of a plan; answered by `stepAnswered` with the same call.
    case runStep(StepCall)
    /// Reads whether a step of a plan took effect, and changes nothing; answered like `runStep`.
    case checkStep(StepCall)
    /// Asks a companion on another daemon; answered by `companionAnswered` with the same call.
    case askCompanion(GroupCall)
    /// Reads what the schema of a release is like, and changes nothing; answered by `schemaRead` with the same call.
    case readSchema(release: String, call: Int, gate: SchemaGate)
    /// The other replicas have to know this; answered by `published`.
    case publish(HandoverDocument)
    /// The other replicas have to know of the rollback that begins with this entry. Nothing waits for it.
    case announceRollback(JournalEntry)
    /// The other replicas have to know what operators have ordered about messages. Nothing waits for it.
    case shareOperators(OperatorActs)
    case log(LogLine)
    case measure(Measurement)
}

/// Which of a release's routers a call is for.
public enum CallDestination: Sendable, Equatable {
    case primary
    /// The fallback has taken over: changes go to both, because the first may come back, and polls to the fallback alone.
    case fallback
}

/// A fact for the daemon's own metrics.
public enum Measurement: Sendable, Equatable {
    /// A phase of a rollback was reached, milliseconds after the verdict: durable, applied, observed, proven,
    /// acknowledged.
    case rollbackPhase(release: String, phase: String, sinceVerdictMs: Int64)
    /// acknowledged, abandoned, dry_run, held.
    case rollback(release: String, outcome: String)
    case driftCorrection(release: String)
    /// A step of a plan is over, so long after it acted.
    ///
    /// - kind: as in the configuration.
    case planStep(release: String, kind: String, seconds: Double)
}
