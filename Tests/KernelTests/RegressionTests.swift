import Foundation
import Model
import Telemetry
import Testing

@testable import Kernel

@Suite("Rules that ask for proof")
struct RegressionTests {
    private static let bare = RulePlan(
        group: "checkout", name: "BareRatio", indicator: .errorRate, windowMs: 10_000,
        condition: .compare(.value(.canary), .greater, .combine(.number(1.5), .multiply, .value(.baseline))),
        conditionText: "canary > 1.5 * baseline", action: .notify)

    private static func world(
        _ scope: RegressionPlan.Scope = .errors, tolerance: Double = 0, falseAlarm: Double = 0.01, floor: Double = 0,
        others: [RulePlan] = [], baseline: Int = 10, canary: Int = 10, seed: UInt64 = 1
    ) -> RegressionWorld {
        let plan = RegressionPlan(scope: scope, tolerance: tolerance, falseAlarm: falseAlarm, floor: floor)
        return RegressionWorld(plan, others: others, baseline: baseline, canary: canary, seed: seed)
    }

    /// The demo's story in virtual time, with less traffic: 1 000 requests/s, half to the canary, 2 % errors against 1 % from the 15th second.
    @Test func aDoubledErrorRateIsCaughtInEveryRunAndAHealthyOneInNone() {
        var delays: [Int] = []
        var bareAlarms = 0
        for seed in UInt64(1)...20 {
            var sick = Self.world(seed: seed)
            sick.cycle(120)
            sick.begin()
            sick.cycle(15)
            #expect(!sick.isRolledBack, "seed \(seed)")
            sick.canaryErrors = 0.02
            var seconds = 0
            while !sick.isRolledBack, seconds < 120 {
                sick.cycle()
                seconds += 1
            }
            delays.append(seconds)

            var healthy = Self.world(others: [Self.bare], seed: 1_000 + seed)
            healthy.cycle(120)
            healthy.begin()
            healthy.cycle(40)
            #expect(!healthy.isRolledBack, "seed \(seed)")
            bareAlarms += healthy.harness.count(.alertFiring)
        }
        delays.sort()
        #expect(delays.last ?? 0 < 60, "\(delays)")
        #expect(delays[10] <= 20, "\(delays)")
        // The same luck that proof sees through makes a bare ratio cry wolf.
        #expect(bareAlarms >= 5, "\(bareAlarms)")
    }

    @Test func findingsAreGivenAsNumbersAndText() throws {
        var world = Self.world()
        world.cycle(60)
        world.begin()
        world.cycle(5)
        #expect(world.reason.hasPrefix("no") && world.reason.contains("today's traffic shows"), "\(world.reason)")
        world.canaryErrors = 0.05
        while !world.isRolledBack { world.cycle() }
        guard case .rule(let alert)? = world.harness.incidents.first?.intent.trigger else {
            Issue.record("no incident")
            return
        }
        let found = try #require(alert.evidence.regression)
        #expect(found.isWorse && found.maxLogEvidence >= found.barLogEvidence && found.chanceOneIn >= 100)
        #expect(abs(found.barLogEvidence - 4.605) < 0.01)
        let errors = try #require(found.comparisons.first)
        #expect(errors.name == "errors" && errors.baseline.requests > 3_000 && errors.canary.bad > errors.baseline.bad)
        #expect((errors.ratioLow ?? 0) > 1)
        #expect(errors.canary.rateLow < 0.04 && errors.canary.rateHigh > errors.canary.rate ?? 1)
        #expect(found.detectable.map(\.seconds) == [60, 600, 3_600])
        #expect(found.sentence.hasPrefix("errors: baseline "), "\(found.sentence)")
        #expect(found.sentence.contains(" by chance"), "\(found.sentence)")
        #expect(world.harness.logs.contains { $0.text.contains("by chance") })
    }

    @Test func aTroubleOfBothIsNoEvidence() {
        var world = Self.world()
        world.cycle(60)
        world.begin()
        (world.baselineErrors, world.canaryErrors) = (0.3, 0.3)
        world.cycle(60)
        #expect(!world.isRolledBack && world.rule.alert == .inactive)
    }

    /// The canary is proven worse, but there is nowhere to go; when the baseline is back, the proof is still valid.
    @Test func proofDoesNotLeapToABaselineThatDoesNotAnswer() {
        var world = Self.world()
        world.cycle(60)
        world.begin()
        world.canaryErrors = 0.2
        world.cycle(2)
        world.isBaselineUp = false
        world.cycle(3)
        // Whatever was proven in the first seconds, nothing more comes of one pool alone.
        let before = world.found?.logEvidence
        world.cycle(20)
        #expect(world.found?.logEvidence == before)
    }

    @Test func aSilentPoolKeepsTheBlockOpen() {
        var world = Self.world()
        world.cycle(60)
        world.begin()
        world.cycle(10)
        world.isCanaryUp = false
        // The block that closes without the canary is the neighbour that the one before it was waiting for.
        world.cycle(20)
        let before = world.found
        world.cycle(30)
        #expect(world.found?.logEvidence == before?.logEvidence)
        #expect(world.reason == "no target of the canary could be scraped")
        world.isCanaryUp = true
        world.cycle(20)
        #expect(world.found?.logEvidence != before?.logEvidence && !world.isRolledBack)
    }

    @Test func aFloorKeepsTinyErrorRatesOutOfIt() {
        var world = Self.world(floor: 0.05)
        world.cycle(60)
        world.begin()
        world.canaryErrors = 0.03
        world.cycle(120)
        #expect(!world.isRolledBack)
        world.canaryErrors = 0.1
        world.cycle(60)
        #expect(world.isRolledBack)
    }

    @Test func aCanaryThatDoesWellIsCalledHealthy() {
        var world = Self.world()
        world.cycle(120)
        world.begin()
        world.cycle(180)
        #expect(world.rule.evidence?.verdict == .healthy)
        #expect(world.found?.isSafe == true && world.found?.safeRatio == 1.5)
    }

    // MARK: Latency

    @Test func aSlowTailIsFoundInTheHistogram() {
        var world = Self.world(.release)
        world.hasHistogram = true
        world.cycle(60)
        world.begin()
        world.cycle(20)
        #expect(!world.isRolledBack)
        world.canarySlow = [0.3, 0.08, 0.04, 0.02]
        world.cycle(90)
        #expect(world.isRolledBack)
        let sentence = world.harness.incidents.first.flatMap { incident -> String? in
            guard case .rule(let alert) = incident.intent.trigger else { return nil }
            return alert.evidence.regression?.sentence
        }
        #expect(sentence?.hasPrefix("slower than ") == true, "\(sentence ?? "")")
        #expect(sentence?.contains("; p99: baseline ") == true, "\(sentence ?? "")")
    }

    /// The p99 lies at 500 ms, the next bound is at 1 s: with 10 % the bucket is too wide, with 100 % it is not.
    @Test func aBucketThatIsTooWideIsNamedWithTheBoundaryToAdd() {
        var world = Self.world(.percentile(0.99), tolerance: 0.1)
        world.hasHistogram = true
        world.cycle(60)
        world.begin()
        world.cycle(10)
        #expect(
            world.reason
                == "the latency bucket at the baseline's latency_p99 is too wide: only a change above 2 times can be seen; "
                + "add a boundary at 0.55 to the histogram")
    }

    @Test func aPercentileTwiceAsLateIsFound() {
        var world = Self.world(.percentile(0.99), tolerance: 1)
        world.hasHistogram = true
        world.cycle(60)
        world.begin()
        world.cycle(5)
        #expect(
            world.rule.evidence?.notes.contains {
                $0.contains("slower than 500 ms and the canary's slower than 1 s")
            } == true, "\(world.rule.evidence?.notes ?? [])")
        // Half as late again is tolerated: what was slower than 500 ms is not slower than 1 s.
        world.canarySlow = [0.5, 0.1, 0.03, 0.005]
        world.cycle(100)
        #expect(!world.isRolledBack)
        world.canarySlow = [0.5, 0.1, 0.06, 0.05]
        world.cycle(60)
        #expect(world.isRolledBack)
    }

    // MARK: Instances

    @Test func withOneBaselineInstanceTheSharesAreBetOn() {
        var world = Self.world(baseline: 1, canary: 1)
        world.cycle(30)
        world.begin()
        world.cycle(5)
        #expect(world.found?.method == "share")
        #expect(world.rule.evidence?.notes.contains { $0.contains("one instance") } == true)
        world.canaryErrors = 0.05
        world.cycle(300)
        #expect(world.isRolledBack)
    }

    @Test func aRouterThatSplitsOtherwiseIsSaid() {
        var world = Self.world()
        world.cycle(30)
        world.begin(basisPoints: 2_000)
        world.cycle(5)
        #expect(world.rule.evidence?.notes.contains { $0.contains("sample-ratio") } == false)
        // The router says 20 %, but half of the requests arrive at the canary.
        for _ in 0..<40 {
            world.harness.canaryBasisPoints = 5_000
            world.cycleWithRouterSaying(2_000)
        }
        #expect(world.rule.evidence?.notes.contains { $0.contains("sample-ratio mismatch") } == true)
    }

    @Test func theBaselineAgainstItselfKeepsARecord() {
        var plan = RegressionPlan(scope: .errors)
        plan.selfCheck = true
        var world = RegressionWorld(plan, seed: 3)
        world.requestsPerSecond = 100
        world.cycle(3_700)
        #expect(world.rule.selfCheck == RegressionRecord.SelfCheckRecord(runs: 1, falseAlarms: 0))
        // The record outlives the process.
        world.harness.restart()
        #expect(world.rule.selfCheck?.runs == 1)
    }

    // MARK: Restarts

    @Test func aRestartGoesOnFromTheLastRecordAndNotFromNothing() throws {
        var world = Self.world()
        world.cycle(60)
        world.begin()
        world.canaryErrors = 0.013
        world.cycle(40)
        let record = try #require(world.records.last)
        #expect(world.records.count >= 2 && world.records.count <= 5)
        let before = try #require(world.found)
        world.harness.restart()
        world.isCanaryUp = false
        world.cycle(1)
        let after = try #require(world.found)
        #expect(after.comparisons[0].canary.requests == record.evidence.evidence(rule: 0).parts[0].canary.requests)
        #expect(after.maxLogEvidence <= before.maxLogEvidence)
        #expect(after.comparisons[0].canary.requests <= before.comparisons[0].canary.requests)
        #expect(after.comparisons[0].canary.requests > 10_000)
    }

    @Test func restartsByTheDozenGiveNoSecondBudget() {
        var world = Self.world(falseAlarm: 0.2)
        world.cycle(60)
        world.begin()
        for _ in 0..<10 {
            world.cycle(20)
            let before = world.found?.maxLogEvidence ?? 0
            world.harness.restart()
            #expect(world.found == nil)
            world.isCanaryUp = false
            world.cycle(1)
            world.isCanaryUp = true
            #expect(world.found?.maxLogEvidence ?? 0 <= before)
        }
        #expect((world.found?.comparisons.first?.canary.requests ?? 0) > 40_000)
        #expect(!world.isRolledBack)
    }

    /// What `errors` means was changed while the daemon was down: the old counts are not evidence of the new ones.
    @Test func evidenceOfOtherIndicatorsIsLeftBehind() throws {
        var world = Self.world()
        world.cycle(60)
        world.begin()
        world.cycle(30)
        world.harness.plan.releases[0].indicators.latency = nil
        world.harness.plan.releases[0].indicators.errors = try SeriesSelector(
            parsing: "http_requests_total{code=\"503\"}")
        world.harness.restart()
        world.cycle(3)
        #expect(world.found?.comparisons.first?.canary.requests ?? .infinity < 3_000)
        #expect(world.records.last?.indicators?.errors == world.harness.plan.releases[0].indicators.errors)
    }

    @Test func aRecordWithoutIndicatorsIsTakenAsItIs() throws {
        var world = Self.world()
        world.cycle(60)
        world.begin()
        world.cycle(20)
        let record = try #require(world.records.last)
        let data = try JSONEncoder().encode(record)
        var fields = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        fields["indicators"] = nil
        let old = try JSONDecoder().decode(
            EvidenceRecord.self, from: try JSONSerialization.data(withJSONObject: fields))
        #expect(old.indicators == nil)
        var restored = RegressionWatch(plan: world.harness.plan.releases[0])
        restored.restore(old, plan: world.harness.plan.releases[0], isWatching: true)
        #expect(restored.findings(rule: 0)?.parts.first?.canary.requests ?? 0 > 1_000)
    }

    @Test func aDecisionIsWrittenTogetherWithItsEvidence() {
        var world = Self.world()
        world.cycle(60)
        world.begin()
        world.canaryErrors = 0.2
        while !world.isRolledBack { world.cycle() }
        let names = world.harness.journal.map(\.event.name)
        let intended = names.firstIndex(of: "intended") ?? 0
        #expect(names[intended...].contains("evidence"), "\(names)")
    }

    @Test func otherVersionsBeginWithNothing() {
        var world = Self.world()
        world.cycle(60)
        world.begin()
        world.cycle(30)
        world.harness.plan.releases[0].canary.version = "v3"
        world.harness.send(.reload(world.harness.plan))
        world.begin()
        world.cycle(2)
        #expect(world.found?.comparisons.first?.canary.requests ?? .infinity < 3_000)
    }

    @Test func aRuleThatDidNotChangeKeepsItsEvidenceOverAReload() {
        var world = Self.world()
        world.cycle(60)
        world.begin()
        world.cycle(30)
        world.harness.plan.releases[0].rules[0].labels = [TextPair("severity", "page")]
        world.harness.send(.reload(world.harness.plan))
        world.cycle(1)
        #expect(world.found?.comparisons.first?.canary.requests ?? 0 > 14_000)
        world.harness.plan.releases[0].rules[0] = .regression(
            RegressionPlan(scope: .errors, tolerance: 0.5), group: "checkout", name: "CanaryIsWorse", action: .rollback)
        world.harness.send(.reload(world.harness.plan))
        world.cycle(1)
        #expect(world.found?.comparisons.first?.canary.requests ?? .infinity < 2_000)
    }

    @Test func aDiskThatIsFullIsNotGivenMore() {
        var world = Self.world()
        world.cycle(30)
        world.begin()
        world.harness.isDiskWorking = false
        let before = world.harness.snapshot.releases[0].cycles
        world.cycle(200)
        #expect(world.harness.snapshot.releases[0].cycles == before + 200)
        #expect(world.harness.unwrittenBatches <= 2)
    }

    @Test func aRecordComesBackFromJSONAsItWas() throws {
        var world = Self.world(.release)
        world.hasHistogram = true
        world.cycle(60)
        world.begin()
        world.cycle(20)
        let record = try #require(world.records.last)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try encoder.encode(record)
        let back = try JSONDecoder().decode(EvidenceRecord.self, from: data)
        #expect(try encoder.encode(back) == data)
        #expect(back.evidence.monitors == record.evidence.monitors)
        #expect(data.count < 40_000, "\(data.count)")
    }
}
