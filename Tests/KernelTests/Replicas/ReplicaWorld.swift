import Model
import Support
import Telemetry

@testable import Kernel
@testable import Leases

/// Several replicas over one router, two pools and one store, in virtual time, a cycle each second.
struct ReplicaWorld {
    static let ttlMs: Int64 = 10_000

    let plan: Plan
    var nodes: [ReplicaNode]
    var store = ReplicaStore(ttlMs: ReplicaWorld.ttlMs)
    var isStoreUp = true
    var defect: ReplicaNode.Defect?
    private(set) var nowMs: Int64 = 1_000_000
    /// What the second place truly gets, basis points.
    private(set) var secondShare = 0
    /// The second place fails half of its requests.
    var isSecondSick = false
    private(set) var sickSinceMs: Int64?
    /// A sick canary keeps its share, because no rule takes it out.
    var isOutOfTheWay = false
    /// The leader may not write its documents: those in the store are of a newer version.
    var refusesDocuments = false
    /// Of both places, where nothing is sick.
    var errorRate = 0.0
    /// Sentences of laws that were broken.
    private(set) var broken: [String] = []
    private(set) var raises = 0
    /// What the steps of plans act on, and which replicas ran them.
    var steps = ProcedureWorld()
    private(set) var runBy: [String] = []
    /// Which replicas read whether a step took effect.
    private(set) var checkedBy: [String] = []

    /// Orders to a companion on another daemon, with the replica that gave them.
    private(set) var orders: [(by: String, order: GroupOrder)] = []
    /// What followers offer to the leader.
    private var offers: [HandoverDocument] = []
    /// The companion's daemon takes no commits.
    var isCompanionAway = false

    init(replicas: Int = 3, plan: Plan? = nil) {
        let plan = plan ?? KernelHarness.led().plan
        self.plan = plan
        let now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000)
        nodes = (1...replicas).map { ReplicaNode("rg-\($0)", plan: plan, at: now, ttlMs: ReplicaWorld.ttlMs) }
        for index in nodes.indices { send(.tick, to: index) }
    }

    var leader: Int? { nodes.firstIndex { $0.runs && $0.leads && moment($0).uptimeMs < $0.leadership.untilUptimeMs } }

    func snapshot(_ index: Int) -> Snapshot { nodes[index].kernel.snapshot(at: moment(nodes[index])) }

    func release(_ index: Int) -> ReleaseSnapshot { nodes[index].kernel.snapshot(at: moment(nodes[index])).releases[0] }

    // MARK: Time

    mutating func run(seconds: Int) { for _ in 0..<seconds { second() } }

    mutating func second() {
        nowMs += 1_000
        store.advance(toMs: nowMs)
        for index in nodes.indices where nodes[index].isClockStopped { nodes[index].clockLagMs += 1_000 }
        for index in nodes.indices where nodes[index].runs {
            if nodes[index].reachesStore, isStoreUp { serve(index) }
            endTenure(index)
            wake(index)
            cycle(index)
        }
        if let leader {
            for offer in offers { send(.handedOver(offer), to: leader) }
            offers = []
        }
        checkSickness()
    }

    private func moment(_ node: ReplicaNode) -> Moment {
        Moment(uptimeMs: nowMs - node.clockLagMs, wallMs: 1_700_000_000_000 + nowMs + node.wallSkewMs)
    }

    private mutating func wake(_ index: Int) {
        for _ in 0..<20 {
            guard let wake = nodes[index].kernel.nextWakeUptimeMs, wake <= moment(nodes[index]).uptimeMs else { return }
            send(.tick, to: index)
        }
    }

    private mutating func cycle(_ index: Int) {
        guard let release = nodes[index].kernel.effectivePlan.releases.first else { return }
        for pool in Pool.allCases {
            let isSecond = (pool == .canary) != release.isTurned
            let weight = Double(isSecond ? secondShare : 10_000 - secondShare) / 10_000
            let requests = 1_000 * weight
            for (place, target) in release.pool(pool).targets.enumerated() {
                let reading = TargetReading(
                    requests: requests,
                    errors: isSecond && isSecondSick ? requests / 2 : (requests * errorRate).rounded(),
                    matches: .init(requests: 1, errors: 1), samples: 10, coveredSeconds: 1)
                send(
                    .scraped(
                        ScrapeReport(
                            release: release.name, pool: pool, target: place, instance: target.instance,
                            outcome: .success(reading, warnings: []))), to: index)
            }
        }
        if defect == .waitsForADeadLeader, nodes[index].leadership.leader == nil { return }
        send(.cycleEnded(release: release.name), to: index)
    }

    // MARK: The service of a replica

    private mutating func serve(_ index: Int) {
        let now = moment(nodes[index]).uptimeMs
        renew(index, now)
        read(index)
        if store.leader == nil, let session = nodes[index].session, let token = store.lead(session) {
            read(index)
            lead(index, token)
        }
        write(index)
    }

    private mutating func showStatus(_ index: Int) {
        var status = ReplicaStatus(
            version: "0.1.0", address: nil, atWallMs: moment(nodes[index]).wallMs, manifestRevision: nil,
            highestToken: nodes[index].highestToken)
        status.reads = nodes[index].form
        store.show(status, of: nodes[index].name)
    }

    private mutating func renew(_ index: Int, _ now: Int64) {
        if let session = nodes[index].session {
            if now < nodes[index].tenure.renewUptimeMs ?? 0 { return }
            if store.renew(session, atMs: nowMs) {
                showStatus(index)
                nodes[index].tenure.renewed(sentUptimeMs: now)
                if nodes[index].hold != nil, let until = nodes[index].tenure.untilUptimeMs {
                    var next = nodes[index].leadership
                    next.untilUptimeMs = until
                    inform(index, next)
                }
                return
            }
            nodes[index].tenure.ended()
            nodes[index].session = nil
            stopLeading(index)
        }
        nodes[index].session = store.open(nodes[index].name, atMs: nowMs)
        showStatus(index)
        nodes[index].tenure.renewed(sentUptimeMs: now)
    }

    private mutating func read(_ index: Int) {
        if store.cursor < nodes[index].cursor {
            nodes[index].cursor = 0
            nodes[index].isActsUnwritten = nodes[index].acts != nil
        }
        readOperators(index)
        for (revision, document) in store.documents where revision > nodes[index].cursor {
            guard let document = read(document, by: nodes[index]) else { continue }
            nodes[index].highestToken = max(nodes[index].highestToken, document.token)
            send(.handedOver(document), to: index)
        }
        for (revision, peer) in store.records where revision > nodes[index].cursor && peer.replica != nodes[index].name
        {
            send(.peerRolledBack(peer), to: index)
        }
        nodes[index].cursor = store.cursor
        store.highestTokens[nodes[index].name] = nodes[index].highestToken
        exceedTokens(index)
        guard store.leader?.session != nodes[index].session else { return }
        stopLeading(index)
        inform(index, Leadership(token: store.leader?.token ?? 0, leader: store.leader?.name))
    }

    private mutating func readOperators(_ index: Int) {
        let statuses = store.statuses.sorted { $0.key < $1.key }.map {
            LeaseView.Document(path: $0.key, bytes: $0.value)
        }
        for (_, written) in store.operators.sorted(by: { $0.value.revision < $1.value.revision })
        where written.revision > nodes[index].cursor {
            guard let acts = OperatorActsText.acts(written.bytes) else { continue }
            let ageMs = OperatorActsText.ageMs(
                acts, statuses: statuses, nowWallMs: moment(nodes[index]).wallMs)
            send(.operatorsActed(acts, ageMs: ageMs), to: index)
        }
    }

    /// The document as a replica reads it, while some replica knows only an older form.
    private func read(_ document: HandoverDocument, by node: ReplicaNode) -> HandoverDocument? {
        guard nodes.contains(where: { $0.form < DocumentForms.newest }) else { return document }
        var forms = DocumentForms()
        _ = forms.take(statuses: store.statuses.sorted { $0.key < $1.key }.map(\.value))
        let bytes = HandoverText.encode(document, form: forms.written) ?? []
        return HandoverText.document(bytes, form: node.form)
    }

    private mutating func lead(_ index: Int, _ token: UInt64) {
        guard let until = nodes[index].tenure.untilUptimeMs else { return }
        nodes[index].hold = token
        inform(
            index,
            Leadership(
                isHeld: true, untilUptimeMs: until, token: max(token, nodes[index].highestToken + 1),
                leader: nodes[index].name))
    }

    private mutating func exceedTokens(_ index: Int) {
        let others = store.highestTokens.filter { $0.key != nodes[index].name }
        guard nodes[index].hold != nil, let highest = others.values.max(), highest > nodes[index].leadership.token
        else {
            return
        }
        var next = nodes[index].leadership
        next.token = highest + 1
        inform(index, next)
    }

    private mutating func stopLeading(_ index: Int) {
        guard nodes[index].hold != nil, defect != .leadsAfterItsLease, defect != .writesUnguarded else { return }
        nodes[index].hold = nil
        inform(index, Leadership())
    }

    private mutating func endTenure(_ index: Int) {
        guard nodes[index].hold != nil, !nodes[index].tenure.isValid(atUptimeMs: moment(nodes[index]).uptimeMs) else {
            return
        }
        stopLeading(index)
    }

    private mutating func inform(_ index: Int, _ next: Leadership) {
        if nodes[index].hold != nil, !next.isHeld { return }
        guard next != nodes[index].leadership else { return }
        nodes[index].leadership = next
        var given = next
        if defect == .leadsAfterItsLease || defect == .writesUnguarded, next.isHeld { given.untilUptimeMs = .max }
        send(.leadership(given), to: index)
    }

    private mutating func write(_ index: Int) {
        for entry in nodes[index].announced { store.write(PeerRollback(replica: nodes[index].name, entry: entry)) }
        nodes[index].announced = []
        if nodes[index].isActsUnwritten, let acts = nodes[index].acts {
            store.write(acts, by: nodes[index].name)
            nodes[index].isActsUnwritten = false
        }
        guard let hold = nodes[index].hold else { return nodes[index].pending = [] }
        let pending = nodes[index].pending
        nodes[index].pending = []
        if refusesDocuments { return }
        for document in pending {
            let token = defect == .writesUnguarded || defect == .leadsAfterItsLease ? store.leader?.token ?? hold : hold
            guard store.write(document, token: token) else { return stopLeading(index) }
            send(.published(release: document.release, through: document.through), to: index)
        }
    }

    // MARK: Effects

    mutating func send(_ input: Input, to index: Int) {
        let effects = nodes[index].kernel.step(input, at: moment(nodes[index]))
        carryOut(effects, of: index)
    }

    mutating func order(_ command: RolloutCommand, to index: Int) -> RolloutAnswer {
        let context = OrderContext(by: "ada", reason: "because")
        let (answer, effects) = nodes[index].kernel.order(
            command, release: plan.releases[0].name, context, at: moment(nodes[index]))
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
            case .applySplit where nodes[index].isRouterSilent, .observeSplit where nodes[index].isRouterSilent: break
            case .append(let batch):
                nodes[index].journal += batch.entries
                nodes[index].deliveries += batch.deliveries
                send(.journalDurable(through: batch.entries.last?.sequence ?? 0), to: index)
            case .applySplit(let release, let call, let split, _, _): apply(release, call, split, by: index)
            case .observeSplit(let release, let call, _, _):
                let seen = RouterObservation(
                    instance: "lb1", canaryBasisPoints: turned(secondShare, index), level: .loaded)
                send(.routerObserved(release: release, call: call, observations: [seen]), to: index)
            case .publish(let document) where document.token == HandoverDocument.tokenOfOffer:
                offers.append(document)
            case .publish(let document):
                // An answer that was given at once has led to a newer one already.
                let waiting = nodes[index].pending.first { $0.release == document.release }
                if let waiting, waiting.through > document.through { continue }
                nodes[index].pending.removeAll { $0.release == document.release }
                nodes[index].pending.append(document)
            case .announceRollback(let entry): nodes[index].announced.append(entry)
            case .shareOperators(let acts):
                (nodes[index].acts, nodes[index].isActsUnwritten) = (acts, true)
            case .runStep(let call):
                runBy.append(nodes[index].name)
                if let answer = steps.run(call) { answerStep(call, answer, by: index) }
            case .checkStep(let call):
                checkedBy.append(nodes[index].name)
                answerStep(call, steps.check(call), by: index)
            case .forceRoute, .showPlannedCalls, .aim, .poolsChanged, .askGate, .log, .measure, .readSchema: break
            case .askCompanion(let call): ask(call, by: index)
            }
        }
    }

    private mutating func answerStep(_ call: StepCall, _ answer: StepAnswer, by index: Int) {
        send(.stepAnswered(release: call.release, call: call.number, answer), to: index)
    }

    private mutating func ask(_ call: GroupCall, by index: Int) {
        orders.append((nodes[index].name, call.order))
        let answer: GroupAnswer =
            switch call.order.kind {
            case .prepare: .ready(GroupVersions(from: "v9", to: "v8"))
            case .commit: isCompanionAway ? .unknown(reason: "it is away") : .going(incident: "cart-7")
            }
        send(.companionAnswered(release: call.release, call: call.number, answer), to: index)
    }

    private func turned(_ basisPoints: Int, _ index: Int) -> Int {
        nodes[index].kernel.effectivePlan.releases[0].isTurned ? 10_000 - basisPoints : basisPoints
    }

    private mutating func apply(_ release: String, _ call: Int, _ split: Split, by index: Int) {
        let next = turned(split.canaryBasisPoints, index)
        if next > secondShare {
            raises += 1
            checkRaise(to: next, by: index)
        }
        secondShare = next
        send(
            .routerApplied(
                release: release, call: call, receipts: [RouterReceipt(instance: "lb1", outcome: .accepted)]), to: index
        )
    }

    // MARK: Laws

    /// A share goes up only by an intent that the store took from its leader, and never after a rollback of which it knows.
    private mutating func checkRaise(to share: Int, by index: Int) {
        let name = nodes[index].name
        let entries = store.documents.first?.document.entries ?? []
        let granted = entries.compactMap { entry -> Int? in
            guard case .rollout(_, .stepIntended(_, _, let to)) = entry.event else { return nil }
            return to
        }.last
        if granted ?? 0 < share { note("\(name) raises to \(share), and the store has an intent of \(granted ?? 0)") }
        if let holder = store.leader, holder.name != name {
            note("\(name) raises to \(share), and \(holder.name) leads")
        }
        if store.leader == nil { note("\(name) raises to \(share), and no replica leads") }
        let isRolledBack = entries.contains { entry in
            if case .rollout(_, .rollingBack) = entry.event { true } else { false }
        }
        if isRolledBack { note("\(name) raises to \(share) after a rollback") }
    }

    /// A sick canary is out within 30 s, whatever the store and the leader do, while one replica runs.
    private mutating func checkSickness() {
        // Once it has everything it is promoted, or bakes without anything to compare it with.
        let isSick = isSecondSick && !isOutOfTheWay && secondShare > 0 && secondShare < 10_000
        for index in nodes.indices where !nodes[index].runs || nodes[index].isClockStopped {
            nodes[index].runsSinceMs = nowMs
        }
        let isWatched = nodes.contains { nowMs - $0.runsSinceMs > 30_000 }
        sickSinceMs = isSick ? sickSinceMs ?? nowMs : nil
        if let since = sickSinceMs, nowMs - since > 30_000, isWatched {
            note("the sick canary has had traffic for more than 30 s")
            sickSinceMs = nowMs
        }
    }

    /// What two replicas say of one event of one rollback has one id, and two events have two.
    mutating func checkDeliveries() {
        var ids: [String: Set<String>] = [:]
        for delivery in nodes.flatMap(\.deliveries) {
            guard let incident = delivery.notification.incident else { continue }
            ids["\(incident) \(delivery.notification.event)", default: []].insert(delivery.id)
        }
        for key in ids.keys.sorted() where key.hasSuffix("rollbackIntended") && (ids[key]?.count ?? 0) > 1 {
            note("\(key) has \(ids[key]?.count ?? 0) ids")
        }
    }

    /// One leads, and all agree on the versions, the rollout and the latch.
    mutating func checkRest() {
        if nodes.count(where: \.leads) != 1 { note("\(nodes.count(where: \.leads)) replicas lead") }
        let views = nodes.indices.map { index -> String in
            let release = release(index)
            let failed = release.rollout?.deployment.failed.map(\.text) ?? []
            return
                "\(release.phase) \(release.rollout?.running?.id ?? "-") \(failed) \(release.rollout?.deployment.isTurned ?? false)"
        }
        guard Set(views).count > 1 else { return }
        let entries = store.documents.flatMap(\.document.entries).map { "\($0.event.name)" }
        note("the replicas disagree, \(store.leader?.name ?? "-") leads: \(views); the document: \(entries)")
    }

    private mutating func note(_ text: String) { broken.append("\((nowMs - 1_000_000) / 1_000) s: \(text)") }

    // MARK: Troubles

    /// A crash, and a start from the journal.
    mutating func restart(_ index: Int) {
        let now = moment(nodes[index])
        var fresh = ReplicaNode(
            nodes[index].name, plan: plan, at: now, ttlMs: ReplicaWorld.ttlMs, journal: nodes[index].journal)
        fresh.deliveries = nodes[index].deliveries
        fresh.runsSinceMs = nowMs
        fresh.clockLagMs = nodes[index].clockLagMs
        fresh.wallSkewMs = nodes[index].wallSkewMs
        fresh.form = nodes[index].form
        (fresh.acts, fresh.isActsUnwritten) = (nodes[index].acts, nodes[index].isActsUnwritten)
        nodes[index] = fresh
        send(.tick, to: index)
        if let acts = fresh.acts {
            send(.operatorsActed(acts, ageMs: moment(fresh).wallMs - acts.atWallMs), to: index)
        }
    }
}
