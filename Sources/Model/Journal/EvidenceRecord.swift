package import Statistics
package import Telemetry

/// The evidence of a release's regression rules at one moment, so that a restart neither forgets what was found nor gives the
/// rules a second false-alarm budget. Only the newest of a release matters.
public struct EvidenceRecord: Sendable, Equatable, Codable {
    package let evidence: ReleaseEvidence
    package let selfChecks: [SelfChecked?]
    /// Of the release, without the time in which the daemon was down.
    package let elapsedMs: Int64
    package let hasCanaryAnswered: Bool
    /// What was counted: evidence of other counters is none. Nil in records of versions that did not write it, which are
    /// taken for the plan's own.
    package let indicators: WatchList?
    /// Of the rules about indicators of the release's own. Nil in records that have none.
    package var own: [Own]?
    /// What the last A/A release measured, or the running one measures. Nil in records without one.
    package var pools: PoolsMeasured?

    package struct Own: Sendable, Equatable, Codable {
        package let indicator: OwnIndicator
        package let evidence: ReleaseEvidence
        package let hasCanaryAnswered: Bool

        package init(indicator: OwnIndicator, evidence: ReleaseEvidence, hasCanaryAnswered: Bool) {
            self.indicator = indicator
            self.evidence = evidence
            self.hasCanaryAnswered = hasCanaryAnswered
        }
    }

    /// What two pools of one version differ by.
    package struct PoolsMeasured: Sendable, Equatable, Codable {
        package var divergence: PoolDivergence
        /// The last cycle of it.
        package var untilWallMs: Int64

        package init(divergence: PoolDivergence, untilWallMs: Int64) {
            self.divergence = divergence
            self.untilWallMs = untilWallMs
        }
    }

    package init(
        evidence: ReleaseEvidence, selfChecks: [SelfChecked?], elapsedMs: Int64, hasCanaryAnswered: Bool,
        indicators: WatchList?
    ) {
        self.evidence = evidence
        self.selfChecks = selfChecks
        self.elapsedMs = elapsedMs
        self.hasCanaryAnswered = hasCanaryAnswered
        self.indicators = indicators
    }
}
