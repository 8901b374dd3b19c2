import Statistics
import Telemetry

/// The evidence of a release's regression rules at one moment, so that a restart neither forgets what was found nor gives the
/// rules a second false-alarm budget. Only the newest of a release matters.
public struct EvidenceRecord: Sendable, Equatable, Codable {
    let evidence: ReleaseEvidence
    let selfChecks: [SelfChecked?]
    /// Of the release, without the time in which the daemon was down.
    let elapsedMs: Int64
    let hasCanaryAnswered: Bool
    /// What was counted: evidence of other counters is none. Nil in records of versions that did not write it, which are
    /// taken for the plan's own.
    let indicators: WatchList?
}
