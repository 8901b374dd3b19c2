import Leases
import Model
import Support
import Telemetry

@testable import Kernel

/// A fleet over several releases and one store, in virtual time, a cycle each second. Each member watches a part of the releases
/// and takes others in by reloads; owners change while both watch.
struct FleetWorld {
    static let ttlMs: Int64 = 10_000
    /// Until a member is ready for a shard: a little more than the window of the rule.
    static let warmMs: Int64 = 12_000

    let plan: Plan
    let shards: FleetShards
    let copies: Int
    var nodes: [FleetNode]
    var store = FleetStore()
    var isStoreUp = true
    var defect: FleetNode.Defect?
    private(set) var nowMs: Int64 = 1_000_000
    /// What the second place of each release truly gets, basis points.
    private(set) var shares: [Int]
    /// Releases whose second place fails half of its requests.
    var sick: Set<Int> = []
    /// Sentences of laws that were broken.
    var broken: [String] = []
    /// For the laws, by release.
    var sickSinceMs: [Int: Int64] = [:]
    var latched: Set<Int> = []
    /// By shard: since when a member with a full window has watched it without a break.
    var warmSinceMs: [Int: Int64] = [:]
    /// Leads that were taken, and shards that members began to watch.
    private(set) var takeovers = 0
    var entries = 0
    /// Changes of the split, in order.
    private(set) var applied: [(by: Int, release: Int, share: Int)] = []

    init(
        members: Int = 3, releases: Int = 4, shards count: Int = 3, copies: Int = 2,
        rules: [RulePlan] = [.errorRate()], _ change: (inout RolloutPlan) -> Void = { _ in }
    ) {
        var plan = KernelHarness.led(rules: rules, change).plan
        let first = plan.releases[0]
        plan.releases = (0..<releases).map { index in
            var release = first
            release.name = "service-\(index)"
            return release
        }
        self.plan = plan
        self.copies = copies
        shards = FleetShards(count: count, plan: plan)
        shares = plan.releases.map { _ in 0 }
        nodes = []
        for _ in 0..<members { join() }
    }

    mutating func join() {
        nodes.append(
            FleetNode("rg-\(nodes.count + 1)", plan: plan, shards: shards, at: moment(lagMs: 0)))
    }

    /// The member that leads the release, by its own belief.
    func owner(_ release: Int) -> Int? {
        let scope = shards.scope(of: plan.releases[release].name)
        return nodes.firstIndex { $0.runs && isLeading($0, scope) }
    }

    func isLeading(_ node: FleetNode, _ scope: String) -> Bool {
        node.kernel.replicas?.leadership(of: scope)?.isInForce(at: moment(node)) ?? false
    }

    func view(_ release: Int, of index: Int) -> ReleaseSnapshot? {
        nodes[index].kernel.snapshot(at: moment(nodes[index])).releases
            .first { $0.name == plan.releases[release].name }
    }

    func shard(_ release: Int) -> Int { shards.shard(of: plan.releases[release].name) }

    // MARK: Time

    mutating func run(seconds: Int) { for _ in 0..<seconds { second() } }

    mutating func second() {
        nowMs += 1_000
        store.advance(toMs: nowMs)
        for index in nodes.indices where nodes[index].isClockStopped {
            nodes[index].clockLagMs += 1_000
            nodes[index].stoppedClockMs = nowMs
        }
        for index in nodes.indices where nodes[index].runs {
            if nodes[index].reachesStore, isStoreUp { serve(index) }
            endTenure(index)
            wake(index)
            for release in plan.releases.indices { cycle(release, of: index) }
        }
        checkLaws()
    }

    func moment(_ node: FleetNode) -> Moment { moment(lagMs: node.clockLagMs) }

    private func moment(lagMs: Int64) -> Moment {
        Moment(uptimeMs: nowMs - lagMs, wallMs: 1_700_000_000_000 + nowMs)
    }

    private mutating func wake(_ index: Int) {
        for _ in 0..<20 {
            guard let wake = nodes[index].kernel.nextWakeUptimeMs, wake <= moment(nodes[index]).uptimeMs else { return }
            send(.tick, to: index)
        }
    }

    private mutating func cycle(_ number: Int, of index: Int) {
        let name = plan.releases[number].name
        guard let release = nodes[index].kernel.releases.first(where: { $0.name == name })?.plan else { return }
        for pool in Pool.allCases {
            let isSecond = (pool == .canary) != release.isTurned
            let requests = Double(isSecond ? shares[number] : 10_000 - shares[number]) / 10
            for (place, target) in release.pool(pool).targets.enumerated() {
                let reading = TargetReading(
                    requests: requests, errors: isSecond && sick.contains(number) ? requests / 2 : 0,
                    matches: .init(requests: 1, errors: 1), samples: 10, coveredSeconds: 1)
                let report = ScrapeReport(
                    release: name, pool: pool, target: place, instance: target.instance,
                    outcome: .success(reading, warnings: []))
                send(.scraped(report), to: index)
            }
        }
        send(.cycleEnded(release: name), to: index)
    }

    // MARK: Effects

    mutating func send(_ input: Input, to index: Int) {
        let effects = nodes[index].kernel.step(input, at: moment(nodes[index]))
        carryOut(effects, of: index)
    }

    mutating func order(_ command: RolloutCommand, _ release: Int, to index: Int) -> RolloutAnswer {
        let context = OrderContext(by: "ada", reason: "because")
        let (answer, effects) = nodes[index].kernel.order(
            command, release: plan.releases[release].name, context, at: moment(nodes[index]))
        carryOut(effects, of: index)
        return answer
    }

    mutating func command(_ command: Command, to index: Int) -> CommandResult {
        let (result, effects) = nodes[index].kernel.command(
            command, by: "ada", reason: "because", at: moment(nodes[index]))
        carryOut(effects, of: index)
        return result
    }

    private mutating func carryOut(_ effects: [Effect], of index: Int) {
        for effect in effects {
            switch effect {
            case .append(let batch):
                nodes[index].journal += batch.entries
                nodes[index].deliveries += batch.deliveries
                send(.journalDurable(through: batch.entries.last?.sequence ?? 0), to: index)
            case .applySplit(let release, let call, let split, _, _): apply(release, call, split, by: index)
            case .observeSplit(let release, let call, _, _):
                let share = turned(shares[number(release)], release, index)
                let seen = RouterObservation(instance: "lb1", canaryBasisPoints: share, level: .loaded)
                send(.routerObserved(release: release, call: call, observations: [seen]), to: index)
            case .publish(let document):
                let waiting = nodes[index].pending.first { $0.release == document.release }
                if let waiting, (waiting.token, waiting.through) > (document.token, document.through) { continue }
                nodes[index].pending.removeAll { $0.release == document.release }
                nodes[index].pending.append(document)
            case .announceRollback(let entry): nodes[index].announced.append(entry)
            case .shareOperators, .forceRoute, .showPlannedCalls, .aim, .poolsChanged, .askGate, .log, .measure,
                .readSchema, .askCompanion, .runStep, .checkStep:
                break
            }
        }
    }

    private func number(_ release: String) -> Int { plan.releases.firstIndex { $0.name == release } ?? 0 }

    private func turned(_ basisPoints: Int, _ release: String, _ index: Int) -> Int {
        let isTurned = nodes[index].kernel.releases.first { $0.name == release }?.plan.isTurned == true
        return isTurned ? 10_000 - basisPoints : basisPoints
    }

    private mutating func apply(_ release: String, _ call: Int, _ split: Split, by index: Int) {
        let next = turned(split.canaryBasisPoints, release, index)
        let number = number(release)
        if next > shares[number] { checkRaise(of: number, to: next, by: index) }
        shares[number] = next
        applied.append((index, number, next))
        let receipt = RouterReceipt(instance: "lb1", outcome: .accepted)
        send(.routerApplied(release: release, call: call, receipts: [receipt]), to: index)
    }

    // MARK: Troubles

    /// A crash, and a start from the journal.
    mutating func restart(_ index: Int) {
        let old = nodes[index]
        var fresh = FleetNode(
            old.name, plan: plan, shards: shards, watched: old.watched, at: moment(old), journal: old.journal)
        (fresh.deliveries, fresh.clockLagMs, fresh.stoppedClockMs) = (
            old.deliveries, old.clockLagMs, old.stoppedClockMs
        )
        nodes[index] = fresh
        send(.tick, to: index)
    }

    /// An end in order: what is to be handed over is written, and the session is closed.
    mutating func leave(_ index: Int) {
        if nodes[index].runs, nodes[index].reachesStore, isStoreUp, let session = nodes[index].session {
            for scope in nodes[index].holds.keys.sorted() { giveBack(scope, by: index) }
            store.close(session)
        }
        nodes[index].isAlive = false
    }

    mutating func countTakeover() { takeovers += 1 }
}
