public import Model

/// What the kernel wants done. Effects of one step are carried out in their order; answers come back as inputs.
public enum Effect: Sendable, Equatable {
    /// Make durable; answered by `journalDurable` or `journalFailing`.
    case append(JournalBatch)
    /// Answered by `routerApplied` with the same `call`.
    case applySplit(release: String, call: Int, split: Split, timeoutMs: Int64)
    /// Answered by `routerObserved` with the same `call`.
    case observeSplit(release: String, call: Int, timeoutMs: Int64)
    /// Where the release's next calls go: to its router, or (changes to both, looks to the second alone) to its fallback.
    /// Only for a release that has one, and before each of its calls.
    case useFallback(release: String, isOn: Bool)
    /// A dry run: show the calls that would have been made.
    case showPlannedCalls(release: String, split: Split)
    case log(LogLine)
    case measure(Measurement)
}

/// A fact for the daemon's own metrics.
public enum Measurement: Sendable, Equatable {
    /// A phase of a rollback was reached, milliseconds after the verdict: durable, applied, observed, proven,
    /// acknowledged.
    case rollbackPhase(release: String, phase: String, sinceVerdictMs: Int64)
    /// acknowledged, abandoned, dry_run, held.
    case rollback(release: String, outcome: String)
    case driftCorrection(release: String)
}
