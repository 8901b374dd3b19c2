import Model
import Support

/// The life of a release: idle until the canary has a share, watched while it has one, over when it has everything or
/// nothing.
extension Release {
    /// Polls the router when it is time.
    mutating func pollRouter(_ context: inout StepContext) {
        let now = context.now.uptimeMs
        let due = poll.due(at: now)
        if due == .expired || due == .expiredAndPoll {
            noteRouter(problem: "the router did not answer within \(plan.rollback.callLimitMs / 1_000) s", &context)
        }
        guard due == .poll || due == .expiredAndPoll else { return }
        let call = RouterCall(number: context.newCall(), expiresUptimeMs: now + plan.rollback.callLimitMs)
        poll.began(call, nextUptimeMs: now + plan.rollback.observeEveryMs)
        context.emit(
            .observeSplit(
                release: name, call: call.number, timeoutMs: plan.rollback.callTimeoutMs,
                via: rollback?.destination ?? .primary))
    }

    /// Takes in what the router showed, on a regular poll or to a rollback.
    mutating func observed(call: Int, _ observations: [RouterObservation], _ context: inout StepContext) {
        if poll.call?.number == call { return polled(observations, &context) }
        guard rollback?.awaitsObservation(call: call) == true else { return }
        drive(&context) { $0.note(observations, &$2) }
        take(observations, &context)
        drive(&context) { $0.observed(observations, &$2) }
    }

    private mutating func polled(_ observations: [RouterObservation], _ context: inout StepContext) {
        poll.dropCall()
        take(observations, &context)
        switch phase {
        case .rollingBack: break
        case .rolledBack: correctDrift(observations, &context)
        case .idle, .watching, .promoted: follow(share: poll.share, &context)
        }
    }

    private mutating func take(_ observations: [RouterObservation], _ context: inout StepContext) {
        poll.take(observations, atUptimeMs: context.now.uptimeMs)
        noteRouter(problem: observations.problem, &context)
    }

    private mutating func follow(share: Int?, _ context: inout StepContext) {
        guard let share else { return noteUnknownShare(&context) }
        let isEverything = poll.observations.showEverything
        switch (phase, share) {
        case (.idle, 1...) where !isEverything, (.promoted, 1...) where !isEverything:
            begin(&context, because: "the router gives the canary \(NumberText.percent(Double(share) / 10_000))")
        case (.watching, _) where isEverything: end(.promoted, &context)
        case (.watching, 0) where poll.observations.showNothing: end(.withdrawn, &context)
        case (.idle, _) where isEverything: enter(.promoted, &context, because: "the canary has all the traffic")
        case (.promoted, 0): enter(.idle, &context, because: "the canary has no traffic any more")
        case (.idle, 0): explain("the canary has no share of the traffic")
        default: break
        }
    }

    private mutating func noteUnknownShare(_ context: inout StepContext) {
        let reason = "\(poll.observations.unknownShareText); waiting for canary traffic instead"
        // An instance that shows 0 says that the promotion is over, whatever the others do.
        if phase == .promoted, poll.observations.contains(where: { $0.canaryBasisPoints != nil }) {
            return enter(.idle, &context, because: reason)
        }
        if phase == .idle { explain(reason) }
    }

    /// A router that cannot be read does not keep a release from being watched: traffic on the canary is evidence as
    /// well.
    mutating func beginByTraffic(_ context: inout StepContext) {
        guard phase == .idle, poll.share == nil, let rate = pools.canary.cycleRequestRate else { return }
        guard rate > plan.proof.belowPerSecond else { return }
        begin(&context, because: "the canary serves \(NumberText.plain(rate)) requests/s")
    }

    /// Windows and evidence are reset for this pair of versions.
    mutating func begin(_ context: inout StepContext, because reason: String) {
        watchedSinceUptimeMs = context.now.uptimeMs
        poll.shares.begin()
        retireRollback()
        pools.begin(plan, at: context.now)
        report(rules.begin(), &context)
        context.record(.began(baseline: plan.baseline.version, canary: plan.canary.version), release: name)
        enter(.watching, &context, because: reason)
    }

    mutating func end(_ end: ReleaseEnd, _ context: inout StepContext) {
        context.record(.ended(end), release: name)
        report(rules.end(because: "the release has ended: \(end.text)"), &context)
        watchedSinceUptimeMs = nil
        // Verdicts that led to a rollback stay: they say why.
        if end != .rolledBack { rules.forgetVerdicts() }
        switch end {
        case .promoted: enter(.promoted, &context, because: "the canary has all the traffic")
        case .rolledBack: enter(.rolledBack, &context, because: "rolled back to \(plan.baseline.version)")
        case .withdrawn: enter(.idle, &context, because: "another client took the canary out")
        case .replaced: enter(.idle, &context, because: "the versions have changed")
        }
    }

    mutating func enter(_ next: Phase, _ context: inout StepContext, because reason: String) {
        phase = next
        sinceWallMs = context.now.wallMs
        (heldReason, heldUntilUptimeMs) = (nil, nil)
        driftGuard.stray = StrayTraffic()
        explain(reason)
        context.log(.info, name, "\(next.text): \(reason)")
    }

    // MARK: The router's own state

    private mutating func noteRouter(problem: String?, _ context: inout StepContext) {
        switch poll.health.take(problem, isNeeded: isRouterNeeded) {
        case nil: break
        case .failed(let problem): context.log(.warning, name, "the router cannot be used: \(problem)")
        case .unusable(let problem, let polls):
            let sequence = context.record(.routerUnusable(reason: problem), release: name)
            context.log(.error, name, "the router cannot be used, \(polls) polls in a row: \(problem)")
            notifyOfRouter(
                .routerUnusable, sequence,
                "the router cannot be used: \(problem). A rollback would not get through; fix it now.", &context)
        case .usable:
            let sequence = context.record(.routerUsable, release: name)
            context.log(.info, name, "the router can be used again")
            notifyOfRouter(.routerRecovered, sequence, "the router can be used again", &context)
        }
    }

    /// While the canary has no traffic, while it has all of it for good, and while a rollback reports its calls itself,
    /// the log is enough.
    private var isRouterNeeded: Bool {
        switch phase {
        case .watching, .rolledBack: true
        case .idle: isCanaryServing
        case .rollingBack, .promoted: false
        }
    }

    private func notifyOfRouter(
        _ event: Notification.Event, _ sequence: UInt64, _ text: String, _ context: inout StepContext
    ) {
        context.notify(
            notification(
                event, sequence: sequence, at: context.now, summary: "\(name): \(text)", isDryRun: context.isDryRun))
    }
}
