import Model
import Testing

@testable import Kernel

/// The order in which a plan lists its rules, targets, router instances and releases says nothing.
@Suite("The order of a plan")
struct PermutationTests {
    @Test(arguments: 0..<12)
    func changesNoDecision(_ row: Int) {
        for seed in UInt64(row * 15)..<UInt64(row * 15 + 15) {
            let world = DrawnWorld(seed: seed)
            let decisions = PermutationRun.decisions(of: world)
            for other in 1...2 as ClosedRange<UInt64> {
                let shuffled = PermutationRun.decisions(of: world.shuffled(seed: seed &* 31 + other))
                for name in world.releases.map(\.name) {
                    let pairs = zip(decisions[name] ?? [], shuffled[name] ?? [])
                    let different = pairs.enumerated().first { $0.element.0 != $0.element.1 }
                    #expect(different == nil, "seed \(seed), \(name)")
                }
            }
        }
    }

    /// Worlds in which nothing is ever decided would agree whatever the kernel does.
    @Test func theDrawnWorldsDecideThings() {
        var seen: [String: Int] = [:]
        for seed in 0..<60 as Range<UInt64> {
            for line in PermutationRun.decisions(of: DrawnWorld(seed: seed)).values.joined() {
                for mark in ["intended", "held", "acknowledged", "drifted", "draining", "abandoned", "router_unusable"]
                where line.contains(mark) {
                    seen[mark, default: 0] += 1
                }
            }
        }
        for mark in ["intended", "held", "acknowledged", "drifted", "draining", "abandoned", "router_unusable"] {
            #expect(seen[mark, default: 0] > 0, "never seen: \(mark)")
        }
    }

    private static let absolute = RulePlan.absoluteErrorRate()

    private static func relative() -> RulePlan {
        RulePlan.errorRate(
            name: "Relative",
            condition: .compare(.value(.canary), .greater, .combine(.number(2), .multiply, .value(.baseline))))
    }

    /// The absolute rule has to be held, because the baseline breaches it too; the relative one has no reason to wait.
    @Test(arguments: [[absolute, relative()], [relative(), absolute]])
    func aRuleThatMayActDoesNotWaitForOneThatMayNot(_ rules: [RulePlan]) throws {
        var world = KernelHarness(plan: .example(rules: rules))
        world.baseline.errors = 6
        world.canary.errors = 6
        world.cycle(6)
        #expect(world.applied.isEmpty && world.release.phase == .held)
        world.canary.errors = 50
        world.cycle(12)
        #expect(world.release.phase == .rolledBack, "\(world.release.explanation)")
        guard case .rule(let alert)? = world.incidents.first?.intent.trigger else { return #expect(Bool(false)) }
        #expect(alert.rule == "Relative")
    }

    /// A trouble of both that ends while `for` runs is no reason either.
    @Test func aTroubleOfBothIsRememberedBeforeTheRuleFires() {
        var rule = RulePlan.absoluteErrorRate()
        rule.changeThreshold { $0.forMs = 6_000 }
        var world = KernelHarness(plan: .example(rules: [rule]))
        world.cycle(12)
        (world.baseline.errors, world.canary.errors) = (60, 60)
        world.cycle(3)
        // It ends for both; the baseline's window is diluted sooner.
        (world.baseline.errors, world.canary.errors) = (0, 0)
        world.baseline.requests = 4_000
        world.cycle(12)
        #expect(world.applied.isEmpty, "\(world.release.explanation)")
    }

    @Test func onlyInstancesWithCanaryTrafficAreAskedForTheBaseline() {
        func one(_ share: Int?, _ healthy: Bool?) -> RouterObservation {
            RouterObservation(instance: "lb", canaryBasisPoints: share, level: .loaded, baselineHealthy: healthy)
        }
        func isAway(_ all: RouterObservation...) -> Bool { all.sayBaselineIsAway }
        #expect(!isAway(one(5_000, true), one(0, false)), "an idle instance has no say")
        #expect(isAway(one(5_000, false), one(0, true)))
        #expect(isAway(one(5_000, true), one(100, false)))
        #expect(isAway(one(nil, false), one(0, true)), "one whose share is not known may have traffic")
        #expect(isAway(one(0, false), one(0, false)) && !isAway(one(0, false), one(0, true)))
        #expect(!isAway() && !isAway(one(5_000, nil)) && !isAway(one(0, nil)))
    }
}
