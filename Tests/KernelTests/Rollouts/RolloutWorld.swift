import Model

@testable import Kernel

extension KernelHarness {
    /// A release that is led: steps at 1, 10, 25, 50 and 100 %, a cycle each second, short times.
    static func led(
        rules: [RulePlan] = [.errorRate()], _ change: (inout RolloutPlan) -> Void = { _ in }
    ) -> KernelHarness {
        var plan = Plan.example(rules: rules, canaryVersion: ReleasePlan.noVersion)
        plan.releases[0].baseline.version = "v1.4.2"
        plan.releases[0].places = ["blue", "green"]
        plan.releases[0].canary.targets.append(TargetPlan(instance: "b:2", url: "http://b:2/metrics"))
        plan.releases[0].rollback.observeEveryMs = 1_000
        var rollout = RolloutPlan(
            steps: [100, 1_000, 2_500, 5_000, 10_000].map { share in
                var step = StepPlan(basisPoints: share)
                (step.settleMs, step.minMs) = (2_000, 10_000)
                return step
            }, bake: BakePlan(forMs: 20_000))
        change(&rollout)
        plan.releases[0].rollout = rollout
        return KernelHarness(plan: plan, canaryBasisPoints: 0)
    }

    static let next = PrepareOrder(version: VersionIdentity("v1.5.0"))

    var running: Rollout? { release.rollout?.running }
    var lastEnded: Rollout? { release.rollout?.ended.first }
    var waitsFor: String { release.rollout?.waitsFor ?? "" }

    /// Names of the entries about rollouts, in order, without those of the clock.
    var rolloutEvents: [String] {
        recorded.compactMap { entry in
            guard case .rollout(_, let event) = entry.event, !event.replacesEarlier else { return nil }
            return event.name
        }
    }

    func count(_ name: String) -> Int { rolloutEvents.count { $0 == name } }

    mutating func begin() -> RolloutAnswer {
        cycle(3)
        return order(.begin(KernelHarness.next))
    }

    /// Cycles until the step is in force; false when it does not within the limit.
    @discardableResult
    mutating func cycle(untilStep step: Int, limit: Int = 200) -> Bool {
        for _ in 0..<limit {
            if let running, running.step == step, running.state == .standing { return true }
            cycle()
        }
        return false
    }

    @discardableResult
    mutating func cycle(until state: Rollout.State, limit: Int = 300) -> Bool {
        for _ in 0..<limit {
            if running?.state == state || (state == .ended && running == nil) { return true }
            cycle()
        }
        return false
    }
}
