import Model
import Testing

@testable import Kernel
@testable import Statistics

@Suite("An A/A release")
struct AAReleaseTests {
    private static func world(seed: UInt64 = 4) -> RegressionWorld {
        var world = RegressionWorld(RegressionPlan(scope: .errors), seed: seed)
        world.harness.plan.releases[0].isAA = true
        world.harness.plan.releases[0].canary.version = world.harness.plan.releases[0].baseline.version
        world.harness.plan.releases[0].rules[0].action = .notify
        world.harness.send(.reload(world.harness.plan))
        world.requestsPerSecond = 400
        world.cycle(30)
        world.begin()
        return world
    }

    private static func note(_ world: RegressionWorld) -> String? {
        world.rule.evidence?.notes.first { $0.contains("A/A release") }
    }

    /// The canary pool fails 1.5 times as many, though it runs the same version.
    @Test func whatThePoolsDifferByIsShownWithTheVerdict() throws {
        var world = Self.world()
        world.canaryErrors = 0.015
        world.cycle(300)
        #expect(Self.note(world) == nil)
        world.cycle(900)
        #expect(!world.isRolledBack)
        let note = try #require(Self.note(world))
        #expect(note.contains("errors of the same version were 1.") && note.contains("can be the pools'"), "\(note)")
        let found = try #require(world.records.last?.pools?.divergence.findings.first)
        #expect(abs(found.ratio - 1.5) < 0.3, "\(found)")
    }

    @Test func itsResultIsKeptForTheReleasesThatFollow() throws {
        var world = Self.world()
        world.cycle(1_200)
        let measured = try #require(world.records.last?.pools)
        world.harness.plan.releases[0].isAA = false
        world.harness.plan.releases[0].canary.version = "v9"
        world.harness.send(.reload(world.harness.plan))
        world.cycle(20)
        world.begin()
        world.cycle(60)
        #expect(Self.note(world) != nil)
        #expect(world.records.last?.pools == measured)
        world.harness.restart()
        world.cycle(20)
        #expect(Self.note(world) != nil)
    }

    @Test func aNewOneTakesThePlaceOfTheLast() {
        var world = Self.world()
        world.cycle(1_200)
        world.harness.canaryBasisPoints = 0
        world.cycle(30)
        world.begin()
        world.cycle(30)
        #expect(world.records.last?.pools?.divergence.findings.isEmpty == true)
    }

    @Test(
        arguments: [
            (1.5, 0.2, "1.5 times as many in the canary pool and wandered by 20%", "a difference below 2.24 times"),
            (0.8, 0, "0.8 times as many in the canary pool and did not wander", "a difference below 1.25 times"),
            (1.001, 0.1, "as many in both pools and wandered by 10%", "a difference below 1.22 times"),
            (1.001, 0.001, "as many in both pools and did not wander", "the pools account for no difference"),
            (1, 0, "as many in both pools and did not wander", "the pools account for no difference"),
        ] as [(Double, Double, String, String)])
    func isASentenceWhateverWasMeasured(_ ratio: Double, _ spread: Double, _ measured: String, _ conclusion: String) {
        let text = MeasuredPoolsText.sentence(
            PoolDivergence.Finding(event: .error, cells: 60, ratio: ratio, spread: spread))
        #expect(text.hasPrefix("errors of the same version were \(measured)"), "\(text)")
        #expect(text.contains("; \(conclusion)"), "\(text)")
    }
}
