import Model

/// What a rollback has to know of its release, as it is in this step.
struct ReleaseFacts: Sendable {
    let plan: ReleasePlan
    let baseline: PoolState
    let canary: PoolState
    /// What the router last showed.
    let observations: [RouterObservation]
    /// When the scrape cycle before the present one ended; nil before the first.
    let lastCycleUptimeMs: Int64?

    /// As far as the last scrapes and the last poll of the router report.
    var isBaselineThere: Bool { baseline.healthyTargets > 0 && !observations.sayBaselineIsAway }
}

extension ReleaseFacts {
    /// The splits that a rollback would set one after the other, for a dry run.
    func splitsOfRollback(shareBefore: Split?) -> [Split] {
        guard let plan = plan.drain, let shareBefore, reasonForEverything == nil else { return [.allBaseline] }
        let shares = Drain.shares(steps: plan.stepsBasisPoints, shareBefore: shareBefore.canaryBasisPoints)
        return shares.map { Split(canaryBasisPoints: $0) } + [.allBaseline]
    }
}

/// One step of the kernel in which a rollback works: what it sees, and what it wants done.
struct RollbackStep {
    /// What the release has to do after the rollback's own part of the step.
    enum Command: Equatable {
        case explain(String)
        /// The incident is closed.
        ///
        /// - isReported: people are notified, and the journal has it.
        case acknowledged(isReported: Bool)
    }

    let facts: ReleaseFacts
    var context: StepContext
    private(set) var commands: [Command] = []

    init(facts: ReleaseFacts, context: StepContext) {
        self.facts = facts
        self.context = context
    }

    var plan: ReleasePlan { facts.plan }
    var name: String { facts.plan.name }
    var now: Moment { context.now }

    mutating func explain(_ text: String) { commands.append(.explain(text)) }

    mutating func acknowledged(isReported: Bool) { commands.append(.acknowledged(isReported: isReported)) }

    mutating func log(_ level: LogLine.Level, _ text: String, incident: String) {
        context.log(level, name, text, incident: incident)
    }

    mutating func notify(_ event: Notification.Event, sequence: UInt64, incident: Incident, summary: String) {
        context.notify(
            Notification(
                event, of: incident, plan: facts.plan, share: facts.observations.canaryShare, sequence: sequence,
                summary: summary, at: now, isDryRun: context.isDryRun))
    }

    /// How long a phase of a rollback took, since the verdict or the drift.
    mutating func measure(_ phase: String, sinceUptimeMs: Int64) {
        let sinceMs = now.uptimeMs - sinceUptimeMs
        context.emit(.measure(.rollbackPhase(release: name, phase: phase, sinceVerdictMs: sinceMs)))
    }

    /// A dry run over the rollback of another run: it says what it would do.
    mutating func showInstead(_ split: Split, incident: String) {
        let text = "dry run: the router is not called, so the rollback in the journal does not continue"
        explain(text)
        log(.warning, text, incident: incident)
        context.emit(.showPlannedCalls(release: name, split: split))
    }

    mutating func newCall() -> RouterCall {
        RouterCall(number: context.newCall(), expiresUptimeMs: now.uptimeMs + plan.rollback.callLimitMs)
    }

    /// FNV-1a of the name: retries of one release do not depend on those of another.
    func jitterSeed(corrections: Int) -> UInt64 {
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        return context.seed ^ hash &+ UInt64(corrections) << 32
    }
}

extension RollbackPlan {
    /// A driver may need several calls, each within the timeout; past this its answer counts as lost.
    var callLimitMs: Int64 { callTimeoutMs * 4 + 1_000 }
}

extension IntentRecord {
    /// The whole way back to the baseline.
    ///
    /// - Parameter share: what the canary has now, basis points; nil while it is not known.
    init(_ trigger: Trigger, plan: ReleasePlan, share: Int?, isDryRun: Bool) {
        self.init(
            trigger: trigger, fromVersion: plan.canary.version, toVersion: plan.baseline.version,
            splitBefore: share.map { Split(canaryBasisPoints: $0) }, splitWanted: .allBaseline, isDryRun: isDryRun)
    }
}

extension Notification {
    /// A message about an incident, or about the release itself.
    ///
    /// - Parameter share: what the canary has now, basis points; for a message without an incident, or whose incident does
    ///   not know what the share was.
    init(
        _ event: Event, of incident: Incident?, plan: ReleasePlan, share: Int?, sequence: UInt64, summary: String,
        alert: AlertRecord? = nil, at now: Moment, isDryRun: Bool
    ) {
        self.init(
            sequence: sequence, event: event, atWallMs: now.wallMs, release: plan.name,
            baselineVersion: plan.baseline.version, canaryVersion: plan.canary.version, incident: incident?.id,
            summary: summary, alert: alert ?? incident?.alert,
            splitBefore: incident?.intent.splitBefore ?? share.map { Split(canaryBasisPoints: $0) },
            splitAfter: incident?.intent.splitWanted, isDryRun: isDryRun, timeline: incident?.timeline ?? [])
    }
}
