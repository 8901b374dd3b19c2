import Model
import Support
import Telemetry
import Testing

/// The shown request rate of targets with a constant rate is that rate, or there is none; whatever happens to the scrapes.
@Suite("Request rates over gaps")
struct CoveredRatesTests {
    /// Drives one release whose two pools have targets of constant rates, with drawn gaps, stalls, late answers and reloads.
    private struct World {
        var kernel: KernelHarness
        var plan: Plan
        var dice: SeededGenerator
        /// Requests per second of each target, by instance.
        var rates: [String: Double] = [:]
        /// When each target was last read.
        var readMs: [String: Int64] = [:]
        /// Targets that cannot be scraped for so many cycles more.
        var gaps: [String: Int] = [:]
        var names = 3
        /// Targets that have reported how many requests they had.
        var told: Set<String> = []

        init(seed: UInt64) {
            let rules = [2_000, 10_000, 60_000].map { (window: Int64) in
                RulePlan(
                    group: "g", name: "Rate\(window)", indicator: .requestRate, windowMs: window,
                    condition: .compare(.value(.canary), .less, .number(-1)), conditionText: "canary < -1",
                    minRequests: 0, action: .notify)
            }
            plan = .example(rules: rules)
            plan.releases[0].canary.targets.append(TargetPlan(instance: "b:2", url: "http://b:2/metrics"))
            kernel = KernelHarness(plan: plan, canaryBasisPoints: 5_000)
            dice = SeededGenerator(seed: seed)
            for (instance, rate) in [("a:1", 100.0), ("a:2", 3), ("b:1", 40), ("b:2", 0)] { rates[instance] = rate }
        }

        mutating func int(_ below: UInt64) -> Int64 { Int64(dice.next() % below) }

        mutating func cycle() {
            if int(12) == 0 { stall() }
            if int(15) == 0 { reload() }
            if int(20) == 0 { changeTargets() }
            kernel.pass(ms: 1_000 + int(60) - 30)
            for pool in Pool.allCases {
                for (index, target) in plan.releases[0].pool(pool).targets.enumerated() {
                    report(pool, index, target.instance)
                    if int(25) == 0 { reload() }
                }
            }
            kernel.pass(ms: int(30))
            kernel.send(.cycleEnded(release: "checkout"))
        }

        /// The process is stopped, for up to two windows.
        mutating func stall() { kernel.pass(ms: int(120_000)) }

        mutating func report(_ pool: Pool, _ index: Int, _ instance: String) {
            if int(30) == 0 { gaps[instance] = Int(int(90)) }
            if let left = gaps[instance], left > 0 {
                gaps[instance] = left - 1
                return send(pool, index, instance, .failure("down"))
            }
            // A slow answer.
            if int(10) == 0 { kernel.pass(ms: int(300)) }
            let now = kernel.now.uptimeMs
            var reading = TargetReading(matches: .init(requests: 1, errors: 1), samples: 3)
            if let before = readMs[instance] {
                let seconds = Double(now - before) / 1_000
                let count = (rates[instance] ?? 0) * seconds
                (reading.requests, reading.errors, reading.coveredSeconds) = (count, 0, seconds)
                told.insert(instance)
            }
            readMs[instance] = now
            send(pool, index, instance, .success(reading, warnings: []))
        }

        private mutating func send(_ pool: Pool, _ index: Int, _ instance: String, _ outcome: ScrapeReport.Outcome) {
            kernel.send(
                .scraped(
                    ScrapeReport(
                        release: "checkout", pool: pool, target: index, instance: instance, outcome: outcome)))
        }

        /// Another window, or another text.
        mutating func reload() {
            let windowMs = 60_000 + int(5) * 1_000
            plan.releases[0].rules[2].changeThreshold { $0.windowMs = windowMs }
            kernel.send(.reload(plan))
        }

        mutating func changeTargets() {
            if plan.releases[0].canary.targets.count > 2 {
                let gone = plan.releases[0].canary.targets.remove(at: Int(int(3)))
                readMs[gone.instance] = nil
                gaps[gone.instance] = nil
            } else {
                let instance = "b:\(names)"
                names += 1
                rates[instance] = Double(int(200))
                plan.releases[0].canary.targets.insert(
                    TargetPlan(instance: instance, url: "http://\(instance)/metrics"), at: Int(int(3)))
            }
            kernel.send(.reload(plan))
        }

        /// The sum of the pool's rates.
        func truth(_ pool: Pool) -> Double {
            plan.releases[0].pool(pool).targets.reduce(0) { $0 + (rates[$1.instance] ?? 0) }
        }

        /// Of targets that have never reported anything nothing is known, so their rate may be missing.
        func least(_ pool: Pool) -> Double {
            let seen = plan.releases[0].pool(pool).targets.filter { told.contains($0.instance) }
            return seen.reduce(0) { $0 + (rates[$1.instance] ?? 0) }
        }
    }

    @Test(arguments: [UInt64](1...30))
    func areTrueOrAbsent(_ seed: UInt64) {
        var world = World(seed: seed)
        var shown = 0
        for step in 0..<300 {
            world.cycle()
            for rule in world.kernel.release.rules {
                for (side, pool) in [(rule.evidence?.baseline, Pool.baseline), (rule.evidence?.canary, .canary)] {
                    guard let rate = side?.value else { continue }
                    shown += 1
                    #expect(rate <= world.truth(pool) * 1.001 + 0.001, "step \(step), \(rule.name), \(pool): \(rate)")
                    // A tenth of what is seen may be missing.
                    #expect(rate * 1.1 >= world.least(pool) - 0.001, "step \(step), \(rule.name), \(pool): \(rate)")
                }
            }
        }
        #expect(shown > 100, "there is a rate now and then")
    }

    /// A target with a constant rate whose answers take up to a quarter of a cycle: when within this time a body was rendered is
    /// not known, so the time that its counts cover is known as exactly as that. After a stop of the process two scrapes
    /// follow each other at once, and a release begins between them: their counts are no rate.
    @Test(arguments: [UInt64](1...20))
    func areNotMadeOfAMoment(_ seed: UInt64) {
        var dice = SeededGenerator(seed: seed)
        var world = KernelHarness(canaryBasisPoints: 0)
        var (renderedMs, readMs, shown, wasStopped) = ([String: Int64](), [String: Int64](), 0, false)
        for step in 0..<120 {
            let isStopped = dice.next() % 10 == 0
            if isStopped { world.canaryBasisPoints = Int(dice.next() % 2) * 5_000 }
            world.pass(ms: isStopped ? 40_000 : wasStopped ? 5 : 1_000)
            wasStopped = isStopped
            for pool in Pool.allCases {
                for (index, target) in world.plan.releases[0].pool(pool).targets.enumerated() {
                    let answerMs = Int64(dice.next() % 250)
                    let rendered = world.now.uptimeMs + Int64(dice.next() % UInt64(answerMs + 1))
                    world.pass(ms: answerMs)
                    let now = world.now.uptimeMs
                    var reading = TargetReading(matches: .init(requests: 1, errors: 1), samples: 3)
                    if let before = renderedMs[target.instance], let read = readMs[target.instance], now > read {
                        reading.requests = Double(rendered - before) / 10
                        (reading.errors, reading.coveredSeconds) = (0, Double(now - read) / 1_000)
                    }
                    (renderedMs[target.instance], readMs[target.instance]) = (rendered, now)
                    world.send(
                        .scraped(
                            ScrapeReport(
                                release: "checkout", pool: pool, target: index, instance: target.instance,
                                outcome: .success(reading, warnings: []), sampledUptimeMs: now - answerMs...now)))
                }
            }
            world.send(.cycleEnded(release: "checkout"))
            for (side, targets) in [(world.release.baseline, 2.0), (world.release.canary, 1)] {
                guard let rate = side.requestRate else { continue }
                shown += 1
                #expect(rate <= 1.5 * 100 * targets && rate >= 0.4 * 100 * targets, "step \(step): \(rate)/s")
            }
        }
        #expect(shown > 100)
    }

    /// A scrape body that covers a minute is not one of the last ten seconds, also when nothing was scraped in that
    /// minute.
    @Test func aStoppedProcessLeavesNoCountsOfThePast() {
        var world = KernelHarness()
        world.cycle(15)
        world.pass(ms: 65_000)
        for (pool, index, instance) in [(Pool.baseline, 0, "a:1"), (.baseline, 1, "a:2"), (.canary, 0, "b:1")] {
            let reading = TargetReading(
                requests: 6_500, errors: pool == .canary ? 3_000 : 0, matches: .init(requests: 1, errors: 1),
                samples: 10, coveredSeconds: 65)
            world.send(
                .scraped(
                    ScrapeReport(
                        release: "checkout", pool: pool, target: index, instance: instance,
                        outcome: .success(reading, warnings: []))))
        }
        world.send(.cycleEnded(release: "checkout"))
        #expect(world.release.rules[0].evidence?.verdict.name == "inconclusive")
        world.cycle(3)
        #expect(world.release.rules[0].evidence?.verdict == .healthy)
        #expect(world.applied.isEmpty)
    }
}

/// What a reload changes is not what was counted.
@Suite("A reload in the middle of counting")
struct ReloadCountsTests {
    private func sick() -> KernelHarness {
        var world = KernelHarness(plan: .example(rules: [.errorRate(forMs: 5_000)]))
        world.cycle(12)
        world.canary.errors = 30
        world.cycle(3)
        #expect(world.release.rules[0].alert == .pending)
        return world
    }

    /// Targets that are added or removed, and windows of other rules, take nothing of what the others have reported.
    @Test(arguments: 0..<4)
    func keepsWindowsAndFor(_ change: Int) {
        var world = sick()
        let before = world.release.rules[0].evidence?.canary.requests ?? 0
        switch change {
        case 0: world.plan.releases[0].baseline.targets.append(TargetPlan(instance: "a:9", url: "http://a:9/metrics"))
        case 1: world.plan.releases[0].baseline.targets.removeLast()
        case 2:
            world.plan.releases[0].canary.targets.insert(TargetPlan(instance: "b:0", url: "http://b:0/metrics"), at: 0)
        default:
            var other = RulePlan.errorRate(name: "Other", action: .notify)
            other.changeThreshold { $0.windowMs = 300_000 }
            world.plan.releases[0].rules.append(other)
        }
        world.send(.reload(world.plan))
        #expect(world.release.rules[0].alert == .pending)
        world.cycle(1)
        #expect((world.release.rules[0].evidence?.canary.requests ?? 0) >= before)
        world.cycle(2)
        #expect(world.release.phase == .rollingBack || world.release.phase == .rolledBack)
    }

    /// The cycle that runs did not ask it.
    @Test func aTargetThatIsAddedIsNotDown() {
        var world = sick()
        world.plan.releases[0].baseline.targets.append(TargetPlan(instance: "a:9", url: "http://a:9/metrics"))
        world.send(.reload(world.plan))
        world.send(.cycleEnded(release: "checkout"))
        #expect(world.release.baseline.targets[2].isUp == nil)
    }

    @Test func aPromotedReleaseHasNoVerdicts() {
        var world = KernelHarness()
        world.cycle(12)
        #expect(world.release.rules[0].evidence != nil)
        world.canaryBasisPoints = 10_000
        world.cycle(12)
        #expect(world.release.phase == .promoted && world.release.rules[0].evidence == nil)
    }
}
