import Declarations
import Model

/// Limits around a rollback that are shorter than its proof takes: they can never be kept, however good the router is.
/// `check` refuses them; a daemon takes the shortest that can, and says so.
struct ProofLimits {
    /// The release as it was read; only what a proof depends on matters.
    private(set) var plan: ReleasePlan
    let log: DiagnosticLog

    init(plan: ReleasePlan, log: DiagnosticLog) {
        self.plan = plan
        self.log = log
    }

    /// - Parameter field: the release.
    mutating func fit(_ field: YAMLValue) {
        let proofMs = plan.shortestProofMs
        let deadline = field.member("rollback")?.value.member("deadline")
        if plan.rollback.deadlineMs < proofMs {
            if let deadline { refuse(deadline, "'deadline'", plan.rollback.deadlineMs, proofMs) }
            plan.rollback.deadlineMs = deadline == nil ? 2 * proofMs : proofMs
        }
        if let afterMs = plan.fallback?.afterMs {
            let after = field.member("fallback")?.value.member("after")
            if let after, afterMs < proofMs { refuse(after, "'after'", afterMs, proofMs) }
            plan.fallback?.afterMs = max(afterMs, proofMs)
            let least = max(afterMs, proofMs) + plan.scrape.intervalMs
            // What is raised, or follows from the interval, must leave the second router some time.
            if afterMs < proofMs || deadline == nil { plan.rollback.deadlineMs = max(plan.rollback.deadlineMs, least) }
        }
    }

    private func refuse(_ member: YAMLValue.Member, _ name: String, _ givenMs: Int64, _ proofMs: Int64) {
        let interval = Amounts.text(durationMs: plan.scrape.intervalMs)
        log.impossible(
            member.value.place,
            "\(name) of \(Amounts.text(durationMs: givenMs)) is shorter than the proof of a rollback takes,"
                + " \(Amounts.text(durationMs: proofMs)) at an interval of \(interval) (the running cycle,"
                + " \(plan.shortestProofCycles) without canary traffic, 'timeout'): even a perfect router would miss it;"
                + " use \(Amounts.text(durationMs: proofMs)) or more, or a shorter 'interval'")
    }
}
