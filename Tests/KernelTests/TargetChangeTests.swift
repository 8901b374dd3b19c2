import Model
import Support
import Telemetry
import Testing

@testable import Kernel

/// Targets that come and go while a release is watched.
@Suite("Targets that change")
struct TargetChangeTests {
    struct Source: SourceSettings {
        static let kind = "test"
    }

    static func target(_ name: String, id: String? = nil) -> TargetPlan {
        TargetPlan(instance: name, url: "http://\(name)/metrics", uniqueID: id)
    }

    static func plan(rules: [RulePlan] = [.errorRate()]) -> Plan {
        var plan = Plan.example(rules: rules)
        plan.releases[0].discovery = DiscoveryPlan(sources: [SourcePlan(Source())])
        (plan.releases[0].baseline.targets, plan.releases[0].canary.targets) = ([], [])
        return plan
    }

    static func lists(_ revision: Int, _ baseline: [String], _ canary: [String]) -> Input {
        .targetsChanged(
            release: "checkout",
            TargetLists(revision: revision, first: baseline.map { target($0) }, second: canary.map { target($0) }))
    }

    private static func changes(_ world: KernelHarness) -> [TargetsRecord] {
        world.recorded.compactMap { if case .targetsChanged(let record) = $0.event { record } else { nil } }
    }

    // MARK: The law

    /// What a pool counts in a window is what its targets have reported in it, whichever of them are still listed, and
    /// whatever else came, went, or changed its pool.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func eachReportCountsOnceInThePoolOfItsTimeWhateverTheListsDo(_ seed: UInt64) {
        var dice = SeededGenerator(seed: seed)
        var now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000)
        var release = Release(plan: Self.plan().releases[0], at: now)
        (release.phase, release.watchedSinceUptimeMs) = (.watching, now.uptimeMs)
        var expected: [[Pool: Double]] = []
        var revision = 0
        for _ in 0..<50 {
            now.uptimeMs += 1_000
            now.wallMs += 1_000
            if Int.random(in: 0..<3, using: &dice) == 0 {
                revision += 1
                let places = (0..<6).map { (name: "t\($0):1", place: Int.random(in: 0..<3, using: &dice)) }
                var context = Self.context(now)
                release.take(
                    TargetLists(
                        revision: revision, first: places.filter { $0.place == 0 }.map { Self.target($0.name) },
                        second: places.filter { $0.place == 1 }.map { Self.target($0.name) }), &context)
            }
            var cycle: [Pool: Double] = [.baseline: 0, .canary: 0]
            for pool in Pool.allCases {
                for (index, target) in release.plan.pool(pool).targets.enumerated() {
                    let requests = Double(Int.random(in: 0..<100, using: &dice))
                    release.pools.take(Self.report(pool, index, target.instance, requests), at: now)
                    cycle[pool]? += requests
                }
            }
            expected.append(cycle)
            var context = Self.context(now)
            release.endCycle(&context)
            for pool in Pool.allCases {
                let window = (pool == .baseline ? release.pools.baseline : release.pools.canary).window
                let counted = window.view(windowMs: 10_000).requests
                let wanted = expected.suffix(10).reduce(0) { $0 + ($1[pool] ?? 0) }
                // A window without any scrape has no value.
                #expect(counted ?? 0 == wanted, "seed \(seed), cycle \(expected.count), \(pool)")
            }
        }
    }

    private static func report(_ pool: Pool, _ index: Int, _ name: String, _ requests: Double) -> ScrapeReport {
        let reading = TargetReading(
            requests: requests, errors: 0, matches: .init(requests: 1, errors: 1), samples: 2, coveredSeconds: 1)
        return ScrapeReport(
            release: "checkout", pool: pool, target: index, instance: name, outcome: .success(reading, warnings: []))
    }

    private static func context(_ now: Moment) -> StepContext {
        StepContext(
            now: now, isDryRun: false, graceMs: 1_000, desk: NotificationDesk(), journalIdentity: "test",
            nextSequence: 1,
            nextCall: 1, seed: 1)
    }

    // MARK: Rules

    /// `for` continues, and the rollback comes as soon as without any change.
    @Test func aRuleThatIsPendingContinuesWhileTargetsComeAndGo() {
        func cyclesToRollback(changing: Bool) -> Int? {
            var world = KernelHarness(plan: Self.plan(rules: [.errorRate(forMs: 4_000)]))
            world.send(Self.lists(1, ["a:1", "a:2", "a:3", "a:4"], ["b:1", "b:2", "b:3", "b:4"]))
            world.cycle(12)
            world.canary.errors = 50
            for cycle in 1...20 {
                if changing {
                    let extra = cycle % 2 == 0 ? ["b:5"] : []
                    world.send(
                        Self.lists(cycle + 1, ["a:1", "a:2", "a:3", "a:4"], ["b:1", "b:2", "b:3", "b:4"] + extra))
                }
                world.cycle()
                if world.release.phase == .rollingBack || world.release.phase == .rolledBack { return cycle }
            }
            return nil
        }
        let without = cyclesToRollback(changing: false)
        #expect(without != nil && cyclesToRollback(changing: true) == without)
    }

    @Test(arguments: [(["a:1"], [String]()), ([], ["b:1"])])
    func anEmptyPoolNeitherPassesNorBreaches(_ baseline: [String], _ canary: [String]) {
        let absent = RulePlan.errorRate(name: "Absent", minRequests: 0, noData: .breach)
        var world = KernelHarness(plan: Self.plan(rules: [absent]))
        world.send(Self.lists(1, ["a:1"], ["b:1"]))
        world.cycle(12)
        world.canary.errors = 50
        world.send(Self.lists(2, baseline, canary))
        world.cycle(5)
        let verdict = world.release.rules[0].evidence?.verdict
        guard case .inconclusive(let reason)? = verdict else {
            return #expect(Bool(false), "\(String(describing: verdict))")
        }
        #expect(reason.contains("has no targets"))
        #expect(world.release.phase == .watching && world.applied.isEmpty)
        // Its targets are back, and so is the verdict.
        world.send(Self.lists(3, ["a:1"], ["b:1"]))
        world.cycle(6)
        #expect(!world.applied.isEmpty)
    }

    // MARK: The journal and the scrapes

    @Test func aChangeIsWrittenDownAndTheScrapesFollow() {
        var world = KernelHarness(plan: Self.plan())
        world.send(Self.lists(1, ["a:1", "a:2"], ["b:1"]))
        let before = (world.poolsChanged, Self.changes(world).count)
        world.send(Self.lists(2, ["a:1", "b:1"], ["b:2", "b:3"]))
        #expect(world.poolsChanged == before.0 + 1)
        let record = Self.changes(world).last
        #expect(Self.changes(world).count == before.1 + 1)
        #expect(record?.addedNames == ["canary b:2", "canary b:3"])
        #expect(record?.removedNames == ["baseline a:2"])
        #expect(record?.movedNames == ["baseline b:1"])
        #expect(record?.baseline == 2 && record?.canary == 2)
        // The same again is no change.
        world.send(Self.lists(3, ["a:1", "b:1"], ["b:2", "b:3"]))
        #expect(world.poolsChanged == before.0 + 1 && Self.changes(world).count == before.1 + 1)
    }

    @Test func aReleaseThatListsItsTargetsTakesNoLists() {
        var world = KernelHarness()
        world.send(Self.lists(1, ["x:1"], ["y:1"]))
        #expect(world.kernel.effectivePlan.releases[0].baseline.targets.map(\.instance) == ["a:1", "a:2"])
        #expect(Self.changes(world).isEmpty)
    }

    /// A listed name that has several addresses: each is a target, and a reload keeps what they have counted.
    @Test func theAddressesOfAListedNameAreTargets() {
        var world = KernelHarness()
        let listed = world.kernel.effectivePlan.releases[0]
        let other = listed.canary.targets.dropFirst()
        func lists(_ revision: Int, _ addresses: [String]) -> Input {
            let several = addresses.map { listed.canary.targets[0].at($0) }
            return .targetsChanged(
                release: "checkout",
                TargetLists(revision: revision, first: listed.baseline.targets, second: several + other))
        }
        func instances() -> [String] { world.release.canary.targets.prefix(2).map(\.instance) }
        let name = listed.canary.targets[0].instance
        world.send(lists(1, ["10.0.0.1", "10.0.0.2"]))
        #expect(instances() == ["\(name)@10.0.0.1", "\(name)@10.0.0.2"])
        #expect(Self.changes(world).last?.addedNames == ["canary \(name)@10.0.0.1", "canary \(name)@10.0.0.2"])
        world.cycle(12)
        let counted = world.release.canary.requestRate
        var next = world.kernel.plan
        next.releases[0].rules = [.errorRate(name: "Other")]
        #expect(world.kernel.effective(next).releases[0].canary.targets.prefix(2).map(\.instance) == instances())
        world.send(.reload(next))
        #expect(instances() == ["\(name)@10.0.0.1", "\(name)@10.0.0.2"])
        #expect(counted != nil && world.release.canary.requestRate == counted)
        world.send(lists(2, ["10.0.0.2", "10.0.0.3"]))
        #expect(instances() == ["\(name)@10.0.0.2", "\(name)@10.0.0.3"])
        // The name is not listed any more.
        next.releases[0].canary.targets = Array(other) + [Self.target("new:1")]
        world.send(.reload(next))
        #expect(world.release.canary.targets.map(\.instance) == other.map(\.instance) + ["new:1"])
    }

    @Test func aReloadKeepsWhatTheSourcesList() {
        var world = KernelHarness(plan: Self.plan())
        world.send(Self.lists(1, ["a:1"], ["b:1", "b:2"]))
        world.cycle(12)
        let counted = world.release.canary.requestRate
        var next = Self.plan(rules: [.errorRate(name: "Other")])
        (next.releases[0].baseline.targets, next.releases[0].canary.targets) = ([], [])
        #expect(world.kernel.effective(next).releases[0].canary.targets.map(\.instance) == ["b:1", "b:2"])
        world.send(.reload(next))
        #expect(world.release.canary.targets.map(\.instance) == ["b:1", "b:2"])
        #expect(counted != nil && world.release.canary.requestRate == counted)
    }

    @Test func anotherProcessAtTheSameAddressIsAnotherTarget() {
        var world = KernelHarness(plan: Self.plan())
        func send(_ revision: Int, _ id: String) {
            world.send(
                .targetsChanged(
                    release: "checkout",
                    TargetLists(
                        revision: revision, first: [Self.target("a:1")], second: [Self.target("b:1", id: id)])))
        }
        send(1, "one")
        world.cycle(3)
        #expect(world.release.canary.targets[0].isUp == true)
        send(2, "two")
        #expect(world.release.canary.targets[0].isUp == nil, "nothing is known of the new process")
        let record = Self.changes(world).last
        #expect(record?.addedNames == ["canary b:1"] && record?.removedNames == ["canary b:1"])
    }

    // MARK: Rollbacks

    /// The proof follows the processes that were the canary when the rollback began.
    @Test func aCanaryThatLeavesTheListDuringARollbackIsStillWatched() {
        var world = KernelHarness(plan: Self.plan())
        world.send(Self.lists(1, ["a:1"], ["b:1", "b:2"]))
        world.cycle(12)
        world.canary.errors = 50
        world.mood = .hangs
        while world.release.phase != .rollingBack { world.cycle() }
        world.send(Self.lists(2, ["a:1", "b:1"], []))
        #expect(world.release.canary.targets.map(\.instance) == ["b:1", "b:2"])
        #expect(world.release.baseline.targets.map(\.instance) == ["a:1"])
        world.mood = .honest
        for _ in 0..<30 where world.release.phase != .rolledBack { world.cycle() }
        #expect(world.release.phase == .rolledBack)
        #expect(world.recorded.contains { if case .provenByTraffic = $0.event { true } else { false } })
        // Afterwards the lists are in force.
        world.cycle()
        #expect(world.release.canary.targets.isEmpty)
        #expect(world.release.baseline.targets.map(\.instance) == ["a:1", "b:1"])
    }

    /// A list that moved a target to the baseline just before the rollback is found when it is read again: the target serves the
    /// baseline for ever, so its traffic must not keep the rollback open. The list may be wrong as well, so nothing is proven.
    @Test(arguments: [(50.0, nil), (nil, nil), (50.0, "v1"), (50.0, "v2")] as [(Double?, String?)])
    func aTargetThatMovedToTheBaselineAndStillServesDoesNotKeepTheProofWaiting(
        _ requests: Double?, _ told: String?
    ) throws {
        var world = KernelHarness(plan: Self.plan())
        world.send(Self.lists(1, ["a:1"], ["b:1", "b:2"]))
        if let told { world.toldVersions["b:2"] = told }
        world.cycle(12)
        world.canary.errors = 50
        while world.release.phase != .rollingBack { world.cycle() }
        world.send(Self.lists(2, ["a:1", "b:2"], ["b:1"]))
        #expect(world.release.canary.targets.map(\.instance) == ["b:1", "b:2"])
        if let requests { world.ownRequests["b:2"] = requests } else { world.withholding = ["b:2"] }
        for _ in 0..<30 where world.release.phase != .rolledBack { world.cycle() }
        guard told != "v2" else {
            // It says itself that it runs the version that is to be out.
            return #expect(world.release.phase == .rollingBack, "\(world.release.explanation)")
        }
        #expect(world.release.phase == .rolledBack, "\(world.release.explanation)")
        #expect(world.release.baseline.targets.map(\.instance) == ["a:1", "b:2"])
        let reasons = world.recorded.compactMap { if case .unproven(let reason) = $0.event { reason } else { nil } }
        #expect(try #require(reasons.first).contains("b:2 served the canary and left it"))
        #expect(!world.recorded.contains { if case .provenByTraffic = $0.event { true } else { false } })
    }

    /// The list names one target for the baseline, and it is one that is kept for the proof.
    @Test func theProofDoesNotTakeTheBaselineItsLastTarget() {
        var world = KernelHarness(plan: Self.plan())
        world.send(Self.lists(1, ["a:1"], ["b:1", "b:2"]))
        world.cycle(12)
        world.canary.errors = 50
        world.mood = .hangs
        while world.release.phase != .rollingBack { world.cycle() }
        world.send(Self.lists(2, ["a:1", "b:2"], ["b:1"]))
        #expect(world.release.canary.targets.map(\.instance) == ["b:1", "b:2"])
        world.send(Self.lists(3, ["b:2"], ["b:1"]))
        #expect(world.release.baseline.targets.map(\.instance) == ["b:2"])
        #expect(world.release.canary.targets.map(\.instance) == ["b:1"])
        world.mood = .honest
        for _ in 0..<30 where world.release.phase != .rolledBack { world.cycle() }
        #expect(world.release.phase == .rolledBack, "\(world.release.explanation)")
        #expect(world.recorded.contains { if case .unproven = $0.event { true } else { false } })
    }

    @Test func aCanaryWithoutTargetsIsAcknowledgedWithoutAProof() {
        var world = KernelHarness(plan: Self.plan())
        world.send(Self.lists(1, ["a:1"], ["b:1"]))
        world.cycle(12)
        world.canary.errors = 50
        world.mood = .hangs
        while world.release.phase != .rollingBack { world.cycle() }
        world.restart()
        world.mood = .honest
        // The new process finds the list as it is now.
        world.send(Self.lists(1, ["a:1"], []))
        for _ in 0..<30 where world.release.phase != .rolledBack { world.cycle() }
        #expect(world.release.phase == .rolledBack, "\(world.release.explanation)")
        #expect(world.recorded.contains { if case .unproven = $0.event { true } else { false } })
    }

    // MARK: Statistics

    @Test(arguments: [
        (["b:1", "b:2", "b:3", "b:4"], false), (["b:1", "b:2"], false), (["b:1", "b:2", "b:3", "b:4", "b:5"], true),
        (["b:1", "x:1", "x:2"], true), (["b:1", "b:2", "x:1"], false),
    ])
    func moreThanAThirdOfOtherInstancesIsAnotherComparison(_ canary: [String], _ restarts: Bool) {
        func compared(_ canary: [String]) -> ComparedTargets {
            var plan = Self.plan().releases[0]
            plan.canary.targets = canary.map { Self.target($0) }
            return ComparedTargets(plan)
        }
        #expect(compared(canary).differsByMoreThanAThird(from: compared(["b:1", "b:2", "b:3"])) == restarts)
    }
}
