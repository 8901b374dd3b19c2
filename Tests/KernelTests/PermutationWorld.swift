import Model
import Support
import Telemetry

@testable import Kernel

/// What happens to one release in one cycle, by names, so that it means the same in whatever order the plan lists them.
struct DrawnCycle {
    struct Target {
        var requests: Double
        var errors: Double
        var isUp: Bool
    }

    /// A poll of one router instance, and what it does with a change.
    struct Instance {
        enum Mood { case honest, ignores, refuses, unread }
        var mood: Mood
        var baselineHealthy: Bool?
        /// An operator sets the canary's share by hand.
        var share: Int?
    }

    /// `release/instance` to what it does.
    var targets: [String: Target] = [:]
    var routers: [String: Instance] = [:]
    var isRestart = false
}

/// A drawn plan and a drawn course of events.
struct DrawnWorld {
    var releases: [ReleasePlan] = []
    var routers: [String: [String]] = [:]
    var cycles: [DrawnCycle] = []

    init(seed: UInt64) {
        var draw = SeededGenerator(seed: seed)
        for index in 0..<Int.random(in: 1...3, using: &draw) { addRelease("release\(index)", &draw) }
        for _ in 0..<50 { cycles.append(cycle(after: cycles.last, &draw)) }
    }

    private mutating func addRelease(_ name: String, _ draw: inout SeededGenerator) {
        func pool(_ version: String, _ most: Int) -> PoolPlan {
            let count = Int.random(in: 1...most, using: &draw)
            return PoolPlan(
                version: version,
                targets: (0..<count).map { TargetPlan(instance: "\(name)-\(version)-\($0)", url: "http://x/metrics") })
        }
        let rules = (0..<Int.random(in: 1...5, using: &draw)).map { DrawnWorld.rule("Rule\($0)", &draw) }
        var plan = ReleasePlan(
            name: name, scrape: ScrapePlan(intervalMs: 1_000, timeoutMs: 500), baseline: pool("v1", 3),
            canary: pool("v2", 3),
            indicators: WatchList(
                requests: SeriesSelector(metric: "requests_total"), errors: SeriesSelector(metric: "errors_total")),
            router: .sample("http://lb"), rules: rules)
        plan.rollback.deadlineMs = 20_000
        plan.proof.belowPerSecond = 3
        plan.rollback.observeEveryMs = 2_000
        if Bool.random(using: &draw) { plan.drain = DrainPlan(stepsBasisPoints: [5_000, 10_000], pauseMs: 2_000) }
        releases.append(plan)
        routers[name] = (0..<Int.random(in: 1...3, using: &draw)).map { "lb\($0)" }
    }

    private static func rule(_ name: String, _ draw: inout SeededGenerator) -> RulePlan {
        let twice = Condition.compare(.value(.canary), .greater, .combine(.number(2), .multiply, .value(.baseline)))
        let conditions: [(Indicator, Condition, String)] = [
            (.errorRate, .compare(.value(.canary), .greater, .number(0.05)), "canary > 5%"),
            (.errorRate, twice, "canary > 2 * baseline"),
            (.errorRate, .and(twice, .compare(.value(.canary), .greater, .number(0.02))), "both"),
            (.requestRate, .compare(.value(.baseline), .less, .number(20)), "baseline < 20/s"),
        ]
        let (indicator, condition, text) = conditions.randomElement(using: &draw)!
        let actions: [RulePlan.Action] = [.rollback, .rollback, .hold, .notify]
        return RulePlan(
            group: "drawn", name: name, indicator: indicator, windowMs: [4_000, 8_000].randomElement(using: &draw)!,
            condition: condition, conditionText: text, minRequests: 10,
            forMs: [0, 0, 1_000, 3_000].randomElement(using: &draw)!, action: actions.randomElement(using: &draw)!)
    }

    /// Most things stay as they were; a few change.
    private func cycle(after last: DrawnCycle?, _ draw: inout SeededGenerator) -> DrawnCycle {
        var next = last ?? DrawnCycle()
        next.isRestart = Int.random(in: 0..<25, using: &draw) == 0
        for release in releases {
            for target in release.baseline.targets + release.canary.targets {
                guard last == nil || Int.random(in: 0..<12, using: &draw) == 0 else { continue }
                next.targets["\(release.name)/\(target.instance)"] = DrawnWorld.target(&draw)
            }
            for instance in routers[release.name]! {
                let key = "\(release.name)/\(instance)"
                next.routers[key]?.share = nil
                guard last == nil || Int.random(in: 0..<12, using: &draw) == 0 else { continue }
                next.routers[key] = DrawnWorld.instance(isFirst: last == nil, &draw)
            }
        }
        return next
    }

    private static func target(_ draw: inout SeededGenerator) -> DrawnCycle.Target {
        let errors = [0.0, 0, 1, 6, 40].randomElement(using: &draw)!
        return DrawnCycle.Target(
            requests: Double(Int.random(in: 40...100, using: &draw)), errors: errors,
            isUp: Int.random(in: 0..<6, using: &draw) > 0)
    }

    private static func instance(isFirst: Bool, _ draw: inout SeededGenerator) -> DrawnCycle.Instance {
        let moods: [DrawnCycle.Instance.Mood] = [.honest, .honest, .honest, .ignores, .refuses, .unread]
        let isMoved = isFirst || Int.random(in: 0..<3, using: &draw) == 0
        return DrawnCycle.Instance(
            mood: moods.randomElement(using: &draw)!,
            baselineHealthy: [nil, true, true, false].randomElement(using: &draw)!,
            share: isMoved ? [0, 1_000, 5_000].randomElement(using: &draw)! : nil)
    }

    /// The same world, with everything that has an order in another one.
    func shuffled(seed: UInt64) -> DrawnWorld {
        var draw = SeededGenerator(seed: seed)
        var other = self
        other.releases.shuffle(using: &draw)
        for index in other.releases.indices {
            other.releases[index].rules.shuffle(using: &draw)
            other.releases[index].baseline.targets.shuffle(using: &draw)
            other.releases[index].canary.targets.shuffle(using: &draw)
        }
        for name in routers.keys.sorted() { other.routers[name]?.shuffle(using: &draw) }
        return other
    }
}

/// Plays a drawn world and writes down what the kernel decides, release by release and cycle by cycle.
struct PermutationRun {
    private let world: DrawnWorld
    private var kernel: Kernel
    private var now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000)
    private var shares: [String: Int] = [:]
    private var journal: [JournalEntry] = []
    private var happening = DrawnCycle()
    /// Of the running cycle, by release.
    private var decided: [String: [String]] = [:]
    private(set) var decisions: [String: [String]] = [:]

    static func decisions(of world: DrawnWorld) -> [String: [String]] {
        var run = PermutationRun(world)
        for cycle in world.cycles { run.play(cycle) }
        return run.decisions
    }

    private init(_ world: DrawnWorld) {
        self.world = world
        kernel = PermutationRun.kernel(of: world, replaying: [], at: now)
    }

    private static func kernel(of world: DrawnWorld, replaying entries: [JournalEntry], at now: Moment) -> Kernel {
        let plan = Plan(
            daemon: DaemonPlan(stateDirectory: "/nowhere"),
            receivers: [ReceiverPlan(name: "oncall", kind: .webhook, url: "http://hook")], releases: world.releases)
        return Kernel(plan: plan, replaying: entries, journalIdentity: "test", seed: 7, at: now)
    }

    private mutating func play(_ cycle: DrawnCycle) {
        happening = cycle
        for (key, instance) in cycle.routers { if let share = instance.share { shares[key] = share } }
        if cycle.isRestart { kernel = PermutationRun.kernel(of: world, replaying: journal, at: now) }
        pass(ms: 1_000)
        for release in world.releases { report(release) }
        for release in world.releases { send(.cycleEnded(release: release.name)) }
        let phases = kernel.snapshot(at: now).releases
        for release in phases {
            let words = (decided[release.name] ?? []).sorted() + [release.phase.rawValue]
            decisions[release.name, default: []].append(words.joined(separator: ", "))
        }
        decided = [:]
    }

    /// At each step all releases act at the same moment, in the plan's order.
    private mutating func pass(ms: Int64) {
        let end = now.uptimeMs + ms
        while let wake = kernel.nextWakeUptimeMs, wake <= end {
            advance(to: max(wake, now.uptimeMs + 1))
            if now.uptimeMs > end { return }
            send(.tick)
        }
        advance(to: end)
    }

    private mutating func advance(to uptimeMs: Int64) {
        now.wallMs += max(0, uptimeMs - now.uptimeMs)
        now.uptimeMs = max(now.uptimeMs, uptimeMs)
    }

    private mutating func report(_ release: ReleasePlan) {
        for pool in Pool.allCases {
            for (index, target) in release.pool(pool).targets.enumerated() {
                guard let drawn = happening.targets["\(release.name)/\(target.instance)"] else { continue }
                let isIdle =
                    pool == .canary
                    && world.routers[release.name]!.allSatisfy { (shares["\(release.name)/\($0)"] ?? 0) == 0 }
                let reading = TargetReading(
                    requests: isIdle ? 0 : drawn.requests, errors: isIdle ? 0 : drawn.errors,
                    matches: .init(requests: 1, errors: 1), samples: 10,
                    coveredSeconds: 1)
                send(
                    .scraped(
                        ScrapeReport(
                            release: release.name, pool: pool, target: index, instance: target.instance,
                            outcome: drawn.isUp ? .success(reading, warnings: []) : .failure("refused"))))
            }
        }
    }

    private mutating func send(_ input: Input) {
        for effect in kernel.step(input, at: now) {
            switch effect {
            case .append(let batch):
                journal += batch.entries
                for entry in batch.entries { note(entry) }
                send(.journalDurable(through: batch.entries.last?.sequence ?? 0))
            case .applySplit(let release, let call, let split, _, _): apply(release, call, split)
            case .observeSplit(let release, let call, _, _): observe(release, call)
            case .showPlannedCalls, .log, .measure, .aim, .poolsChanged, .askGate, .forceRoute, .runStep, .checkStep,
                .readSchema, .askCompanion,
                .publish, .announceRollback, .shareOperators:
                break
            }
        }
    }

    private mutating func note(_ entry: JournalEntry) {
        let text: String
        switch entry.event {
        case .alertFiring(let alert): text = "firing \(alert.rule)"
        case .alertResolved(let alert): text = "resolved \(alert.rule)"
        case .held(let hold): text = "held \(hold.rule): \(hold.reason)"
        case .intended(let intent):
            let before = intent.splitBefore?.canaryBasisPoints ?? -1
            text = "intended by \(PermutationRun.trigger(intent)), from \(before)"
        case .draining(let record): text = "draining \(record.shareBasisPoints) \(record.isHeld)"
        case .applied, .observed, .pending, .evidence: return
        default: text = entry.event.name
        }
        decided[entry.release, default: []].append(text)
    }

    private static func trigger(_ intent: IntentRecord) -> String {
        if case .rule(let alert) = intent.trigger { alert.rule } else { "an operator" }
    }

    private mutating func apply(_ release: String, _ call: Int, _ split: Split) {
        decided[release, default: []].append("apply \(split.canaryBasisPoints)")
        let receipts = world.routers[release]!.map { instance -> RouterReceipt in
            let key = "\(release)/\(instance)"
            let mood = happening.routers[key]?.mood ?? .honest
            if mood == .honest || mood == .unread { shares[key] = split.canaryBasisPoints }
            return RouterReceipt(instance: instance, outcome: mood == .refuses ? .rejected : .accepted)
        }
        send(.routerApplied(release: release, call: call, receipts: receipts))
    }

    private mutating func observe(_ release: String, _ call: Int) {
        let observations = world.routers[release]!.map { instance -> RouterObservation in
            let key = "\(release)/\(instance)"
            let state = happening.routers[key]
            let isUnread = state?.mood == .unread
            return RouterObservation(
                instance: instance, canaryBasisPoints: isUnread ? nil : shares[key] ?? 0, level: .loaded,
                problem: isUnread ? "no answer" : nil, baselineHealthy: isUnread ? nil : state?.baselineHealthy)
        }
        send(.routerObserved(release: release, call: call, observations: observations))
    }
}
