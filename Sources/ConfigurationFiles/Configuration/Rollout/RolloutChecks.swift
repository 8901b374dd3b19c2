import Declarations
import Model
import Support

/// What the steps of a release need from the rest of it.
struct RolloutChecks {
    let plan: ReleasePlan
    let rollout: RolloutPlan
    /// The names of the release's rules; empty when none could be read.
    let rules: [RuleDraft]
    /// The names under `indicators`; nil when there is no such section.
    let indicators: Set<String>?
    /// Of `listen`.
    let tokens: [TokenPlan]
    /// The release.
    let fields: Fields
    /// The steps are those of a unit, where another part may have the rule.
    var isPart = false
    /// What the release's router can do; nil where it is refused by itself.
    var router: RouterCapabilities?

    /// The mappings that say what holds in a step.
    private var parts: [YAMLValue] {
        guard let steps = fields["steps"]?.value else { return [] }
        let at = steps.member("at")?.value
        let own: [YAMLValue] = if case .mapping(let members)? = at?.content { members.map(\.value) } else { [] }
        return (steps.member("every").map { [$0.value] } ?? []) + own
    }

    func check() {
        for part in parts {
            part.member("rules").map { checkRules($0.value) }
            part.member("evidence").map(checkEvidence)
            part.member("approval").map { checkApproval($0.value) }
        }
        checkVersions()
        checkForced()
        checkHoldback()
        checkComparisonsWithoutShare()
        checkCapacity()
        checkRouter()
        StepTimeChecks(rollout: rollout, rules: rules.map(\.plan), fields: fields).check()
        if plan.isAA {
            fields.fail(
                at: fields.namePlace("steps"),
                "an A/A release has the same version in both places, so there is "
                    + "nothing to lead; remove 'steps' or 'aa'")
        }
    }

    private func checkRules(_ list: YAMLValue) {
        let names = rules.map(\.plan.name)
        guard !names.isEmpty, !isPart else { return }
        for entry in list.entries {
            guard case .text(let name, _) = entry.content, !names.contains(name) else { continue }
            fields.fail(
                at: entry.place,
                "release \(Quote.name(plan.name)) has no rule \(Quote.value(name))"
                    + Quote.suggestion(for: name, among: names))
        }
    }

    private func checkEvidence(_ member: YAMLValue.Member) {
        if case .text("none", .plain) = member.value.content { return }
        if let indicators, !indicators.contains("latency"), !indicators.contains("errors") {
            return fields.fail(
                at: member.namePlace,
                "'evidence' compares the versions' errors and latency, and 'indicators' has neither 'errors' nor 'latency'"
            )
        }
        guard !rules.isEmpty, !rules.contains(where: { $0.plan.regression != nil && $0.plan.action == .rollback })
        else {
            return
        }
        fields.warn(
            at: member.namePlace,
            "'evidence' only keeps a canary from its next share; no rule with 'regression' and 'action: rollback' takes "
                + "out one that is proven worse")
    }

    /// Whoever is named has to be able to approve.
    private func checkApproval(_ approval: YAMLValue) {
        let approvers = tokens.filter { $0.may.contains(.approve) }.map(\.name)
        let named = approval.member("of")?.value.entries ?? []
        for entry in named {
            guard case .text(let name, _) = entry.content, !approvers.contains(name) else { continue }
            fields.fail(at: entry.place, "\(missing(name))" + Quote.suggestion(for: name, among: approvers))
        }
        guard case .text(let text, .plain)? = approval.member("count")?.value.content, let count = Int(text) else {
            return
        }
        let callers = named.isEmpty ? approvers.count : named.count
        guard !tokens.isEmpty, count > callers else { return }
        fields.fail(
            at: approval.member("count")?.value.place ?? approval.place,
            "'count' asks for \(count) approvals, and \(callers) of the 'tokens' in 'listen' can give one")
    }

    private func missing(_ name: String) -> String {
        guard !tokens.isEmpty else {
            return "'of' names tokens, and 'listen' has no 'tokens'; without them callers have no names"
        }
        let isToken = tokens.contains { $0.name == name }
        return isToken
            ? "the token \(Quote.name(name)) does not have the role 'approve'"
            : "'listen' has no token \(Quote.value(name))"
    }

    /// The versions of `places` are those of `start`, which checks them.
    private func checkVersions() {
        guard !rollout.allowsMutableVersions, let pools = fields["pools"]?.value else { return }
        for (name, version) in [("baseline", plan.baseline.version), ("canary", plan.canary.version)]
        where VersionIdentity(version).isMutable {
            fields.fail(
                at: pools.member(name)?.value.member("version")?.value.place ?? fields.namePlace("pools"),
                "\(Quote.value(version)) means another build tomorrow; name the version itself, or write 'versions: "
                    + "{mutable: true}'")
        }
    }

    /// A route for test users is the router's.
    private func checkForced() {
        guard let step = rollout.steps.first(where: \.opensForcedRoute) else { return }
        let router = fields["router"]?.value
        let hasRoute = router?.member("forced") != nil || router?.member("map")?.value.member("forced") != nil
        guard !hasRoute else { return }
        fields.fail(
            at: fields.namePlace("steps"),
            "step \(shareText(step.basisPoints)) opens the route for test users, and 'router' has none: set 'forced' there, "
                + "of kind 'gray' or of a map of 'haproxy'")
    }

    /// What the old version keeps is taken from the last step.
    private func checkHoldback() {
        let steps = rollout.steps.map(\.basisPoints)
        guard rollout.bake.holdbackBasisPoints > 0, steps.count > 1, steps[steps.count - 1] <= steps[steps.count - 2]
        else {
            return
        }
        let place = fields["bake"]?.value.member("holdback")?.value.place ?? fields.namePlace("bake")
        fields.fail(
            at: place,
            "'holdback' leaves \(shareText(steps[steps.count - 1])) for the last step, and the one before already has "
                + "\(shareText(steps[steps.count - 2])); lower it, or take that step out of the list")
    }

    /// At 0 % a rule that compares the versions never comes to a verdict.
    private func checkComparisonsWithoutShare() {
        guard let first = rollout.steps.first, first.basisPoints == 0 else { return }
        for name in first.rules {
            guard let rule = rules.first(where: { $0.plan.name == name })?.plan, rule.comparesPools else { continue }
            fields.fail(
                at: fields.namePlace("steps"),
                "rule \(Quote.name(name)) compares the versions, and at 0% the canary has nothing to compare: the step would "
                    + "never be passed; give '0%' its own 'rules' under 'at'")
        }
    }

    /// Where the targets of both places are listed.
    private func checkCapacity() {
        let (baseline, canary) = (plan.baseline.targets.count, plan.canary.targets.count)
        guard rollout.checksCapacity, baseline > 0, canary > 0 else { return }
        let limit = 15_000 * canary / baseline
        guard let first = rollout.steps.first(where: { $0.basisPoints > limit }) else { return }
        fields.warn(
            at: fields.namePlace("steps"),
            "\(canary) of the canary's targets beside \(baseline) of the baseline's can take \(shareText(limit)) (1.5 times "
                + "their part), so that the step to \(shareText(first.basisPoints)) waits for more of them; where targets do "
                + "not count instances of equal size, write 'capacity: ignore'")
    }

    /// A share that the router would round to another one is never in force.
    private func checkRouter() {
        guard let refusals = router?.refusals(ofSteps: rollout.steps.map(\.basisPoints)) else { return }
        let shares = fields["steps"]?.value.member("list")?.value.entries ?? []
        for refusal in refusals {
            let place = refusal.step.flatMap { shares.indices.contains($0 - 1) ? shares[$0 - 1].place : nil }
            fields.fail(
                at: place ?? fields.namePlace("steps"),
                "release \(Quote.name(plan.name)): \(refusal); change 'steps', or the router")
        }
    }
}

extension RulePlan {
    /// Needs requests of both versions.
    fileprivate var comparesPools: Bool {
        switch test {
        case .regression: true
        case .threshold(let threshold): threshold.condition.mentionsBaseline
        }
    }
}

extension Condition {
    fileprivate var mentionsBaseline: Bool {
        switch self {
        case .compare(let left, _, let right): left.mentionsBaseline || right.mentionsBaseline
        case .and(let left, let right), .or(let left, let right): left.mentionsBaseline || right.mentionsBaseline
        case .not(let condition): condition.mentionsBaseline
        }
    }
}

extension Term {
    fileprivate var mentionsBaseline: Bool {
        switch self {
        case .number: false
        case .value(let pool): pool == .baseline
        case .negate(let term): term.mentionsBaseline
        case .combine(let left, _, let right): left.mentionsBaseline || right.mentionsBaseline
        }
    }
}
