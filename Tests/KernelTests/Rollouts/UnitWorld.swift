import Model
import Telemetry

@testable import Kernel

/// A kernel that leads a unit of two services, `shop.api` and `shop.web`, each with routers of its own. A clock, a disk and the
/// routers are around it; everything is exact and nothing waits.
struct UnitWorld {
    enum Mood {
        case honest
        case rejects
        /// Takes no connection, neither for changes nor for polls; what it had is in force.
        case dead
    }

    struct Instance {
        let name: String
        var share = 0
        var mood = Mood.honest
    }

    struct Part {
        var routers: [Instance]
        var canaryErrors = 0.0
        var isTurned = false
    }

    /// A change that a router took, in the order in which they came.
    struct Call: Equatable {
        let part: String
        let share: Int
        let uptimeMs: Int64
    }

    let plan: Plan
    var kernel: Kernel
    var now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000)
    var api: Part {
        get { parts[0] }
        set { parts[0] = newValue }
    }
    var web: Part {
        get { parts[1] }
        set { parts[1] = newValue }
    }
    private(set) var parts: [Part]
    private(set) var journal: [JournalEntry] = []
    private(set) var batches: [[JournalEntry]] = []
    private(set) var deliveries: [Delivery] = []
    private(set) var calls: [Call] = []
    /// After each batch: how long the journal was, and what the routers showed.
    private(set) var moments: [(entries: Int, parts: [Part])] = []

    init(ranks: [Int] = [0, 1], _ change: (inout Plan) -> Void = { _ in }) {
        var plan = UnitWorld.plan(ranks: ranks)
        change(&plan)
        self.plan = plan
        parts = [
            Part(routers: [Instance(name: "in1")]), Part(routers: [Instance(name: "edge1"), Instance(name: "edge2")]),
        ]
        kernel = Kernel(plan: plan, journalIdentity: "test", seed: 7, at: now)
        send(.tick)
    }

    private static func plan(ranks: [Int]) -> Plan {
        var plan = KernelHarness.led().plan
        let one = plan.releases[0]
        plan.releases = zip(["api", "web"], ranks).enumerated().map { index, part in
            var release = one
            release.name = "shop.\(part.0)"
            release.part = PartPlan(unit: "shop", name: part.0, rank: part.1, isLead: index == 0)
            for target in release.baseline.targets.indices { release.baseline.targets[target].instance += part.0 }
            for target in release.canary.targets.indices { release.canary.targets[target].instance += part.0 }
            return release
        }
        return plan
    }

    /// A crash: the journal up to that entry is all that is left, and the routers show what they show.
    mutating func restart(keeping entries: Int? = nil, parts shown: [Part]? = nil) {
        if let shown { parts = shown }
        (calls, batches) = ([], [])
        journal = Array(journal.prefix(entries ?? journal.count))
        now.uptimeMs = 5_000
        now.wallMs += 10_000
        kernel = Kernel(plan: plan, replaying: journal, journalIdentity: "test", seed: 8, at: now)
        for index in parts.indices { parts[index].isTurned = kernel.effectivePlan.releases[index].isTurned }
        send(.tick)
    }

    mutating func send(_ input: Input) { carryOut(kernel.step(input, at: now)) }

    mutating func order(_ command: RolloutCommand, key: String? = nil, ifMatch: String? = nil) -> RolloutAnswer {
        let context = OrderContext(by: "ada", reason: "because", key: key, body: "\(command)", ifMatch: ifMatch)
        let (answer, effects) = kernel.order(command, release: "shop", context, at: now)
        carryOut(effects)
        return answer
    }

    mutating func command(_ command: Command) -> CommandResult {
        let (result, effects) = kernel.command(command, by: "ada", reason: "because", at: now)
        carryOut(effects)
        return result
    }

    mutating func begin() -> RolloutAnswer {
        cycle(3)
        return order(.begin(KernelHarness.next))
    }

    mutating func pass(ms: Int64) {
        let end = now.uptimeMs + ms
        while let wake = kernel.nextWakeUptimeMs, wake <= end {
            advance(to: max(wake, now.uptimeMs + 1))
            if now.uptimeMs > end { return }
            send(.tick)
        }
        advance(to: end)
    }

    private mutating func advance(to uptimeMs: Int64) {
        guard uptimeMs > now.uptimeMs else { return }
        now.wallMs += uptimeMs - now.uptimeMs
        now.uptimeMs = uptimeMs
    }

    /// One cycle of each part: one ends after the other.
    mutating func cycle(_ count: Int = 1) {
        for _ in 0..<count {
            pass(ms: 500)
            report(0)
            pass(ms: 500)
            report(1)
        }
    }

    private mutating func report(_ index: Int) {
        let (release, part) = (kernel.effectivePlan.releases[index], parts[index])
        let share = Double(part.routers.map(\.share).reduce(0, +)) / Double(10_000 * part.routers.count)
        for pool in Pool.allCases {
            let isFirstPlace = (pool == .baseline) != part.isTurned
            let weight = isFirstPlace ? 1 - share : share
            for (number, target) in release.pool(pool).targets.enumerated() {
                let reading = TargetReading(
                    requests: 100 * weight, errors: isFirstPlace ? 0 : part.canaryErrors * weight,
                    matches: .init(requests: 1, errors: 1), samples: 10, coveredSeconds: 1)
                send(
                    .scraped(
                        ScrapeReport(
                            release: release.name, pool: pool, target: number, instance: target.instance,
                            outcome: .success(reading, warnings: []))))
            }
        }
        send(.cycleEnded(release: release.name))
    }

    private mutating func carryOut(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .append(let batch):
                journal += batch.entries
                batches.append(batch.entries)
                deliveries += batch.deliveries
                moments.append((journal.count, parts))
                send(.journalDurable(through: journal.last?.sequence ?? 0))
            case .applySplit(let release, let call, let split, _, _): apply(release, call, split)
            case .observeSplit(let release, let call, _, _): observe(release, call)
            case .aim(let release, let isTurned): if let index = index(release) { parts[index].isTurned = isTurned }
            case .showPlannedCalls, .poolsChanged, .askGate, .forceRoute, .publish, .announceRollback, .log, .measure,
                .shareOperators,
                .runStep, .checkStep, .readSchema, .askCompanion:
                break
            }
        }
    }

    private func index(_ release: String) -> Int? { plan.releases.firstIndex { $0.name == release } }

    private mutating func apply(_ release: String, _ call: Int, _ split: Split) {
        guard let part = index(release) else { return }
        let name = plan.releases[part].part?.name ?? ""
        calls.append(Call(part: name, share: split.canaryBasisPoints, uptimeMs: now.uptimeMs))
        var receipts: [RouterReceipt] = []
        for one in parts[part].routers.indices {
            let instance = parts[part].routers[one]
            switch instance.mood {
            case .honest:
                parts[part].routers[one].share = turned(split.canaryBasisPoints, part)
                receipts.append(RouterReceipt(instance: instance.name, outcome: .accepted))
            case .rejects: receipts.append(RouterReceipt(instance: instance.name, outcome: .rejected))
            case .dead: receipts.append(RouterReceipt(instance: instance.name, outcome: .unreachable))
            }
        }
        send(.routerApplied(release: release, call: call, receipts: receipts))
    }

    private mutating func observe(_ release: String, _ call: Int) {
        guard let part = index(release) else { return }
        let observations = parts[part].routers.map { instance in
            let isDead = instance.mood == .dead
            return RouterObservation(
                instance: instance.name, canaryBasisPoints: isDead ? nil : turned(instance.share, part), level: .loaded,
                problem: isDead ? "connection refused" : nil)
        }
        send(.routerObserved(release: release, call: call, observations: observations))
    }

    private func turned(_ share: Int, _ part: Int) -> Int { parts[part].isTurned ? 10_000 - share : share }

    // MARK: What tests ask

    var unit: UnitSnapshot? { kernel.snapshot(at: now).units.first }
    var running: Rollout? { unit?.rollout.running }
    var lastEnded: Rollout? { unit?.rollout.ended.first }
    var waitsFor: String { unit?.rollout.waitsFor ?? "" }
    var incidents: [Incident] { kernel.snapshot(at: now).incidents }

    func release(_ part: String) -> ReleaseSnapshot? {
        kernel.snapshot(at: now).releases.first { $0.name == "shop.\(part)" }
    }

    /// Names of the entries about rollouts of a part, in order, without those of the clock.
    func rolloutEvents(_ part: String) -> [String] {
        journal.compactMap { entry in
            guard entry.release == "shop.\(part)", case .rollout(_, let event) = entry.event, !event.replacesEarlier
            else { return nil }
            return event.name
        }
    }

    func count(_ event: Notification.Event) -> Int { deliveries.count { $0.notification.event == event } }

    /// Shares of each part's routers.
    var shares: [[Int]] { parts.map { $0.routers.map(\.share) } }

    @discardableResult
    mutating func cycle(untilStep step: Int, limit: Int = 200) -> Bool {
        for _ in 0..<limit {
            if let running, running.step == step, running.state == .standing { return true }
            cycle()
        }
        return false
    }

    @discardableResult
    mutating func cycle(until state: Rollout.State, limit: Int = 400) -> Bool {
        for _ in 0..<limit {
            if running?.state == state || (state == .ended && running == nil) { return true }
            cycle()
        }
        return false
    }
}
