import Model
import Support

/// The life of a release: idle until the canary has a share, watched while it has one, over when it has everything or
/// nothing.
extension ReleaseState {
    /// Asks the router for the split when it is time.
    mutating func lookAtRouter(_ context: inout StepContext) {
        let now = context.now.uptimeMs
        if let call = watch.call {
            guard now >= call.expiresUptimeMs else { return }
            watch.call = nil
            noteUnansweredPoll(&context)
        }
        guard now >= watch.nextUptimeMs else { return }
        let call = Rollback.Call(number: context.newCall(), expiresUptimeMs: now + callLimitMs)
        watch.call = call
        watch.nextUptimeMs = now + plan.rollback.observeEveryMs
        aim(&context)
        context.emit(.observeSplit(release: name, call: call.number, timeoutMs: plan.rollback.callTimeoutMs))
    }

    /// A driver may need several calls, each within the timeout; past this its answer counts as lost.
    var callLimitMs: Int64 { plan.rollback.callTimeoutMs * 4 + 1_000 }

    /// Takes in what the router showed on a regular look.
    mutating func tookLook(_ observations: [RouterObservation], _ context: inout StepContext) {
        watch.call = nil
        let shareBefore = observedShare
        watch.observations = observations
        shareHistory.take(observations, atUptimeMs: context.now.uptimeMs)
        notePoll(observations, &context)
        switch phase {
        case .rollingBack: break
        case .rolledBack: correctDrift(observations, &context)
        case .idle, .watching, .promoted: follow(share: observedShare, before: shareBefore, &context)
        }
    }

    private mutating func follow(share: Int?, before: Int?, _ context: inout StepContext) {
        guard let share else { return noteUnknownShare(&context) }
        let isEverything = ReleaseState.showsEverything(watch.observations)
        switch (phase, share) {
        case (.idle, 1...) where !isEverything, (.promoted, 1...) where !isEverything:
            begin(&context, because: "the router gives the canary \(ReleaseState.percent(share))")
        case (.watching, _) where isEverything: end(.promoted, &context)
        case (.watching, 0) where ReleaseState.showsNothing(watch.observations): end(.withdrawn, &context)
        case (.idle, _) where isEverything: enter(.promoted, &context, because: "the canary has all the traffic")
        case (.promoted, 0): enter(.idle, &context, because: "the canary has no traffic any more")
        case (.idle, 0): explain("the canary has no share of the traffic")
        default: break
        }
    }

    private mutating func noteUnknownShare(_ context: inout StepContext) {
        let unread = watch.observations.filter { $0.canaryBasisPoints == nil }
        let names = unread.prefix(3).map { "\($0.instance): \($0.problem ?? "no share is reported")" }
        let rest = unread.count > 3 ? "; and \(unread.count - 3) more" : ""
        let unknown = "the canary's share is not known (\(names.joined(separator: "; "))\(rest))"
        let reason = "\(unknown); waiting for canary traffic instead"
        // An instance that shows 0 says that the promotion is over, whatever the others do.
        if phase == .promoted, unread.count < watch.observations.count {
            return enter(.idle, &context, because: reason)
        }
        if phase == .idle { explain(reason) }
    }

    /// A router that cannot be read does not keep a release from being watched: traffic on the canary tells as well.
    mutating func beginByTraffic(_ context: inout StepContext) {
        guard phase == .idle, observedShare == nil, let rate = canary.cycleRequestRate else { return }
        guard rate > plan.proof.belowPerSecond else { return }
        begin(&context, because: "the canary serves \(NumberText.plain(rate)) requests/s")
    }

    /// Windows and evidence start anew for this pair of versions.
    mutating func begin(_ context: inout StepContext, because reason: String) {
        watchedSinceUptimeMs = context.now.uptimeMs
        shareHistory.begin()
        retireRollback()
        baseline.begin(ReleaseState.freshWindow(plan, targets: baseline.targets.count, at: context.now))
        canary.begin(ReleaseState.freshWindow(plan, targets: canary.targets.count, at: context.now))
        baseline.dropIncrements()
        canary.dropIncrements()
        regression.begin()
        endAlerts(&context, because: "the release begins anew")
        for index in alerts.indices { alerts[index].sharedTroubleUntilUptimeMs = nil }
        evaluations = plan.rules.map { _ in nil }
        context.record(.began(baseline: plan.baseline.version, canary: plan.canary.version), release: name)
        enter(.watching, &context, because: reason)
    }

    mutating func end(_ end: ReleaseEnd, _ context: inout StepContext) {
        context.record(.ended(end), release: name)
        endAlerts(&context, because: "the release has ended: \(end.words)")
        watchedSinceUptimeMs = nil
        // Verdicts of a release that is over would be shown as if they were current. Those that led to a rollback stay:
        // they say why.
        if end != .rolledBack { evaluations = plan.rules.map { _ in nil } }
        switch end {
        case .promoted: enter(.promoted, &context, because: "the canary has all the traffic")
        case .rolledBack: enter(.rolledBack, &context, because: "rolled back to \(plan.baseline.version)")
        case .withdrawn: enter(.idle, &context, because: "somebody else took the canary out")
        case .replaced: enter(.idle, &context, because: "the versions have changed")
        }
    }

    mutating func enter(_ next: Phase, _ context: inout StepContext, because reason: String) {
        phase = next
        sinceWallMs = context.now.wallMs
        (heldReason, heldUntilUptimeMs) = (nil, nil)
        stray = StrayTraffic()
        explain(reason)
        context.log(.info, name, "\(ReleaseState.word(next)): \(reason)")
    }

    static func percent(_ basisPoints: Int) -> String { NumberText.percent(Double(basisPoints) / 10_000) }

    private static func word(_ phase: Phase) -> String {
        switch phase {
        case .idle: "idle"
        case .watching: "watching"
        case .rollingBack: "rolling back"
        case .rolledBack: "rolled back"
        case .promoted: "promoted"
        }
    }
}
