import Model
import Support

/// What the polls of the router, and the lack of them, mean to a release.
extension Release {
    /// Polls the router when it is time.
    mutating func pollRouter(_ context: inout StepContext) {
        let now = context.now.uptimeMs
        let due = poll.due(at: now)
        if due == .expired || due == .expiredAndPoll {
            noteRouter(problem: "the router did not answer within \(plan.rollback.callLimitMs / 1_000) s", &context)
        }
        guard due == .poll || due == .expiredAndPoll else { return }
        poll.send(plan, via: rollback?.destination ?? .primary, &context)
    }

    /// Takes in what the router showed, on a regular poll or to a rollback.
    mutating func observed(call: Int, _ observations: [RouterObservation], _ context: inout StepContext) {
        if poll.call?.number == call { return polled(observations, &context) }
        guard rollback?.state.awaitsObservation(call: call) == true else { return }
        drive(&context) { $0.note(observations, &$2) }
        take(observations, &context)
        drive(&context) { $0.observed(observations, &$2) }
    }

    private mutating func polled(_ observations: [RouterObservation], _ context: inout StepContext) {
        poll.dropCall()
        take(observations, &context)
        centreShare.wasRead()
        switch phase {
        case .rollingBack: break
        case .rolledBack: correctDrift(observations, &context)
        case .idle, .watching, .promoted: follow(observations, &context)
        }
    }

    private mutating func take(_ observations: [RouterObservation], _ context: inout StepContext) {
        poll.take(observations, atUptimeMs: context.now.uptimeMs)
        noteRouter(problem: observations.problem, &context)
    }

    /// The router's answer to a change.
    mutating func applied(call: Int, _ receipts: [RouterReceipt], _ context: inout StepContext) {
        if answeredCentre(call: call, receipts, &context) { return }
        guard rollouts.awaitsReceipt(call: call) else {
            return drive(&context) { $0.applied(call: call, receipts: receipts, &$2) }
        }
        if context.mayLead(name) { lead(&context) { $0.applied(call: call, receipts: receipts, &$1) } }
        drive(&context) { $0.unblock(&$2) }
    }

    private mutating func follow(_ observations: [RouterObservation], _ context: inout StepContext) {
        // A rollout under way says itself when the release is over.
        if rollouts.isLeading {
            if case .begin(let reason) = phase.change(by: observations) { begin(&context, because: reason) }
            if case .enter(.promoted, _) = phase.change(by: observations) { beginAtOnce(&context) }
            if context.mayLead(name) { lead(&context) { $0.observed(observations, &$1) } }
            return
        }
        switch phase.change(by: observations) {
        case nil: break
        case .begin(let reason): begin(&context, because: reason)
        case .end(let how): end(how, &context)
        case .enter(let next, let reason): enter(next, &context, because: reason)
        case .explain(let text): explain(text)
        }
    }

    /// A restart while everything is on the canary, which bakes.
    private mutating func beginAtOnce(_ context: inout StepContext) {
        if phase == .idle { begin(&context, because: "the canary has all the traffic, and its rollout is not over") }
    }

    private mutating func noteRouter(problem: String?, _ context: inout StepContext) {
        let isNeeded = phase.needsRouter(isCanaryServing: isCanaryServing)
        if let change = poll.health.take(problem, isNeeded: isNeeded) { notices.report(change, &context) }
    }

    /// A router that cannot be read does not keep a release from being watched: traffic on the canary is evidence as
    /// well.
    mutating func beginByTraffic(_ context: inout StepContext) {
        guard phase == .idle, poll.share == nil, let rate = pools.canary.cycleRequestRate else { return }
        guard rate > plan.proof.belowPerSecond else { return }
        begin(&context, because: "the canary serves \(NumberText.plain(rate)) requests/s")
    }
}
