import Leases
import Model
import Telemetry

@testable import Kernel

/// Several replicas that lead a unit of two services, each with a router of its own, in virtual time. A leader can be ended
/// between any two of its journal batches, and between any two of its documents.
struct ReplicaUnitWorld {
    /// Where the leader ends: after so many of these.
    enum Death: Equatable {
        case afterBatch(Int)
        case afterDocument(Int)
    }

    let plan: Plan
    var nodes: [ReplicaNode]
    var store = ReplicaStore(ttlMs: 10_000)
    private(set) var nowMs: Int64 = 1_000_000
    /// What the new version of each part truly gets, basis points.
    private(set) var shares: [Int]
    /// The part whose new version fails half of its requests; nil for none.
    var sickPart: Int?
    /// The part whose router takes nothing that raises; nil for none.
    var refusingPart: Int?
    /// Documents are written so seldom, seconds: meanwhile the newest of each part takes the place of those before it.
    var secondsBetweenWrites: Int64 = 1
    /// The document of the last part is written first.
    var isLastPartFirst = false
    /// The first leader ends there.
    var death: Death?
    private var counted = 0
    private(set) var hasDied = false
    private(set) var broken: [String] = []

    init(replicas: Int = 2, ranks: [Int], _ change: (inout RolloutPlan) -> Void = { _ in }) {
        var plan = UnitWorld(ranks: ranks).plan
        for index in plan.releases.indices {
            guard var rollout = plan.releases[index].rollout else { continue }
            rollout.steps = [1_000, 5_000, 10_000].map { share in
                var step = StepPlan(basisPoints: share)
                (step.settleMs, step.minMs) = (1_000, 3_000)
                return step
            }
            rollout.bake.forMs = 5_000
            change(&rollout)
            plan.releases[index].rollout = rollout
        }
        self.plan = plan
        shares = plan.releases.map { _ in 0 }
        let now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000)
        nodes = (1...replicas).map { ReplicaNode("rg-\($0)", plan: plan, at: now, ttlMs: 10_000) }
        for index in nodes.indices { send(.tick, to: index) }
    }

    var leader: Int? { nodes.firstIndex { $0.runs && $0.leads } }

    func snapshot(_ index: Int) -> Snapshot { nodes[index].kernel.snapshot(at: moment) }

    /// The rollouts of the parts under way, as a replica knows them.
    func running(_ index: Int) -> [Rollout] { nodes[index].kernel.releases.compactMap { $0.rollouts.running?.rollout } }

    private var moment: Moment { Moment(uptimeMs: nowMs, wallMs: 1_700_000_000_000 + nowMs) }

    // MARK: Time

    mutating func run(seconds: Int) { for _ in 0..<seconds { second() } }

    mutating func second() {
        nowMs += 1_000
        store.advance(toMs: nowMs)
        for index in nodes.indices where nodes[index].runs { serve(index) }
        for index in nodes.indices where nodes[index].runs {
            for _ in 0..<20 {
                guard let wake = nodes[index].kernel.nextWakeUptimeMs, wake <= nowMs else { break }
                send(.tick, to: index)
            }
            for part in plan.releases.indices { cycle(index, part) }
        }
        checkShares()
    }

    private mutating func cycle(_ index: Int, _ part: Int) {
        guard nodes[index].runs else { return }
        let release = nodes[index].kernel.effectivePlan.releases[part]
        for pool in Pool.allCases {
            let isSecond = (pool == .canary) != release.isTurned
            let requests = 100 * Double(isSecond ? shares[part] : 10_000 - shares[part]) / 10_000
            for (place, target) in release.pool(pool).targets.enumerated() {
                let reading = TargetReading(
                    requests: requests, errors: isSecond && sickPart == part ? requests / 2 : 0,
                    matches: .init(requests: 1, errors: 1), samples: 10, coveredSeconds: 1)
                send(
                    .scraped(
                        ScrapeReport(
                            release: release.name, pool: pool, target: place, instance: target.instance,
                            outcome: .success(reading, warnings: []))), to: index)
            }
        }
        send(.cycleEnded(release: release.name), to: index)
    }

    // MARK: The service of a replica

    private mutating func serve(_ index: Int) {
        if let session = nodes[index].session, store.renew(session, atMs: nowMs) {
            nodes[index].tenure.renewed(sentUptimeMs: nowMs)
        } else {
            nodes[index].session = store.open(nodes[index].name, atMs: nowMs)
            nodes[index].tenure.renewed(sentUptimeMs: nowMs)
        }
        read(index)
        if store.leader == nil, let session = nodes[index].session, let token = store.lead(session) {
            nodes[index].hold = token
        }
        inform(index)
        write(index)
    }

    private mutating func read(_ index: Int) {
        for (revision, document) in store.documents where revision > nodes[index].cursor {
            send(.handedOver(document), to: index)
        }
        for (revision, peer) in store.records where revision > nodes[index].cursor && peer.replica != nodes[index].name
        {
            send(.peerRolledBack(peer), to: index)
        }
        nodes[index].cursor = store.cursor
    }

    private mutating func inform(_ index: Int) {
        let isHeld = nodes[index].hold != nil && store.leader?.session == nodes[index].session
        var next = Leadership(token: store.leader?.token ?? 0, leader: store.leader?.name)
        if isHeld, let until = nodes[index].tenure.untilUptimeMs {
            next = Leadership(isHeld: true, untilUptimeMs: until, token: next.token, leader: next.leader)
        }
        guard next != nodes[index].leadership else { return }
        nodes[index].leadership = next
        send(.leadership(next), to: index)
    }

    private mutating func write(_ index: Int) {
        for entry in nodes[index].announced where nodes[index].runs {
            store.write(PeerRollback(replica: nodes[index].name, entry: entry))
        }
        nodes[index].announced = []
        guard nowMs / 1_000 % secondsBetweenWrites == 0 else { return }
        let pending = nodes[index].pending.sorted { isLastPartFirst && $0.release > $1.release }
        nodes[index].pending = []
        guard let hold = nodes[index].hold else { return }
        for document in pending where nodes[index].runs {
            guard store.write(document, token: hold) else { return }
            if isDeath(of: index, { if case .afterDocument(let last) = $0 { last } else { nil } }) { return }
            send(.published(release: document.release, through: document.through), to: index)
        }
    }

    /// Counts an event of the leader, and ends it when it was the last one.
    private mutating func isDeath(of index: Int, _ last: (Death) -> Int?) -> Bool {
        guard let death, let last = last(death), !hasDied, nodes[index].leads else { return false }
        counted += 1
        guard counted >= last else { return false }
        (hasDied, nodes[index].isAlive) = (true, false)
        return true
    }

    // MARK: Effects

    mutating func send(_ input: Input, to index: Int) {
        guard nodes[index].isAlive else { return }
        carryOut(nodes[index].kernel.step(input, at: moment), of: index)
    }

    mutating func order(_ command: RolloutCommand, to index: Int) -> RolloutAnswer {
        let context = OrderContext(by: "ada", reason: "because")
        let (answer, effects) = nodes[index].kernel.order(command, release: "shop", context, at: moment)
        carryOut(effects, of: index)
        return answer
    }

    private mutating func carryOut(_ effects: [Effect], of index: Int) {
        for effect in effects where nodes[index].isAlive {
            switch effect {
            case .append(let batch):
                nodes[index].journal += batch.entries
                if isDeath(of: index, { if case .afterBatch(let last) = $0 { last } else { nil } }) { return }
                send(.journalDurable(through: batch.entries.last?.sequence ?? 0), to: index)
            case .applySplit(let release, let call, let split, _, _): apply(release, call, split, by: index)
            case .observeSplit(let release, let call, _, _):
                guard let part = part(release) else { continue }
                let seen = RouterObservation(
                    instance: "lb", canaryBasisPoints: turned(shares[part], part, index), level: .loaded)
                send(.routerObserved(release: release, call: call, observations: [seen]), to: index)
            case .publish(let document):
                // An answer that was given at once has led to a newer one already.
                let waiting = nodes[index].pending.first { $0.release == document.release }
                if let waiting, !document.isNewer(than: waiting) { continue }
                nodes[index].pending.removeAll { $0.release == document.release }
                nodes[index].pending.append(document)
            case .announceRollback(let entry): nodes[index].announced.append(entry)
            case .shareOperators, .forceRoute, .showPlannedCalls, .aim, .poolsChanged, .askGate, .log, .measure,
                .readSchema, .runStep, .checkStep, .askCompanion:
                break
            }
        }
    }

    private func part(_ release: String) -> Int? { plan.releases.firstIndex { $0.name == release } }

    private func turned(_ basisPoints: Int, _ part: Int, _ index: Int) -> Int {
        nodes[index].kernel.effectivePlan.releases[part].isTurned ? 10_000 - basisPoints : basisPoints
    }

    private mutating func apply(_ release: String, _ call: Int, _ split: Split, by index: Int) {
        guard let part = part(release) else { return }
        if refusingPart == part, turned(split.canaryBasisPoints, part, index) > shares[part] {
            let refusal = RouterReceipt(instance: "lb", outcome: .rejected, detail: "no")
            return send(.routerApplied(release: release, call: call, receipts: [refusal]), to: index)
        }
        shares[part] = turned(split.canaryBasisPoints, part, index)
        let receipt = RouterReceipt(instance: "lb", outcome: .accepted)
        send(.routerApplied(release: release, call: call, receipts: [receipt]), to: index)
    }

    /// The router of a part was started again with an older configuration.
    mutating func resetRouter(ofPart part: Int, toBasisPoints share: Int) { shares[part] = min(shares[part], share) }

    // MARK: Laws

    /// The parts are at one step, or at two that follow each other, but while everything goes down.
    private mutating func checkShares() {
        var steps = [0] + (plan.releases[0].rollout?.steps.map(\.basisPoints) ?? [])
        if steps.last != 10_000 { steps.append(10_000) }
        let places = shares.map { share in steps.firstIndex(of: share) ?? -1 }
        guard let low = places.min(), let high = places.max(), low >= 0 else {
            return note("\(shares) is of no step")
        }
        if low > 0, high - low > 1 { note("the parts are at \(shares)") }
    }

    /// At rest all parts have the same share, their rollouts are at the same step or over, and nothing is waited for.
    mutating func checkRest() {
        if Set(shares).count > 1 { note("at rest the parts are at \(shares)") }
        guard let leader else { return note("no replica leads") }
        let known = running(leader)
        if known.count != 0, known.count != plan.releases.count { note("\(known.count) parts have a rollout") }
        if Set(known.map { "\($0.id) \($0.state) \($0.step)" }).count > 1 {
            note("the rollouts are \(known.map { "\($0.id) \($0.state) \($0.step)" })")
        }
        let turned = nodes[leader].kernel.effectivePlan.releases.map(\.isTurned)
        if Set(turned).count > 1 { note("one part is promoted and another is not") }
    }

    private mutating func note(_ text: String) {
        if broken.count < 5 { broken.append("\((nowMs - 1_000_000) / 1_000) s: \(text)") }
    }
}
