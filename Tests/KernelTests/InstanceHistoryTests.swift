import Model
import Statistics
import Testing

@testable import Kernel

/// What is learned of the baseline's instances outlives a release, a restart and a version.
@Suite("What is known of instances")
struct InstanceHistoryTests {
    /// A baseline that was watched for so long, without a release.
    private static func world(watchedSeconds: Int) -> RegressionWorld {
        var world = RegressionWorld(RegressionPlan(scope: .errors), seed: 5)
        world.requestsPerSecond = 50
        world.baselineErrors = 0.1
        world.cycle(watchedSeconds)
        return world
    }

    private static func history(_ watch: RegressionWatch) -> BaselineHistory {
        var watch = watch
        return watch.record(atUptimeMs: 0).evidence.history
    }

    @Test func isWrittenNowAndThenWhileNoReleaseRuns() {
        let world = Self.world(watchedSeconds: 1_900)
        #expect(world.records.count == 3)
        #expect(world.records.last?.evidence.isRunning == false)
    }

    @Test func outlivesARestartBetweenReleases() throws {
        let world = Self.world(watchedSeconds: 2_500)
        let plan = world.harness.plan.releases[0]
        let record = try #require(world.records.last)
        #expect(record.evidence.history.deployments(of: .error) == 1)
        var restarted = RegressionWatch(plan: plan)
        restarted.restore(record, plan: plan, isWatching: false, missingMs: 60_000)
        #expect(Self.history(restarted).deployments(of: .error) == 1)
        #expect(Self.history(restarted).learnedSeconds == record.evidence.history.learnedSeconds)
        // Other indicators count other things.
        var other = plan
        other.indicators.errors = nil
        var strange = RegressionWatch(plan: other)
        strange.restore(record, plan: other, isWatching: false)
        #expect(Self.history(strange).deployments(of: .error) == 0 || plan.indicators == other.indicators)
    }

    @Test func ofAnotherVersionIsThePosteriorAlone() throws {
        let world = Self.world(watchedSeconds: 2_500)
        let plan = world.harness.plan.releases[0]
        let record = try #require(world.records.last)
        var watch = RegressionWatch(plan: plan)
        watch.restore(record, plan: plan, isWatching: false)
        var replayed = RegressionWatch(plan: plan)
        replayed.restoreHistory(record, plan: plan, isAnotherVersion: true, missingMs: 0)
        for next in [RegressionWatch(plan: plan, after: watch), replayed] {
            #expect(Self.history(next).deployments(of: .error) == 1 && Self.history(next).learnedSeconds == 0)
        }
        var promoted = world
        promoted.harness.plan.releases[0].baseline.version = "v2"
        promoted.harness.plan.releases[0].canary.version = "v3"
        promoted.harness.send(.reload(promoted.harness.plan))
        promoted.begin()
        promoted.cycle(5)
        #expect(promoted.records.last?.evidence.history.deployments(of: .error) == 1)
        let notes = promoted.rule.evidence?.notes ?? []
        #expect(notes.contains { $0.contains("can be the node") }, "\(notes)")
    }

    /// Two places of the baseline become the canary.
    @Test func comparesPlacesWithTheirOwnPast() {
        var world = Self.world(watchedSeconds: 2_500)
        let places = world.harness.plan.releases[0].baseline.targets
        world.harness.plan.releases[0].baseline.targets = Array(places.dropLast(2))
        world.harness.plan.releases[0].canary.targets = Array(places.suffix(2))
        world.harness.send(.reload(world.harness.plan))
        world.begin()
        // The block that is open waits for the instances that have left.
        world.cycle(40)
        let notes = world.rule.evidence?.notes ?? []
        #expect(notes.contains { $0.contains("served the baseline's version before") }, "\(notes)")
    }
}
