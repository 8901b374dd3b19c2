import Leases
import Model

@testable import Kernel

/// What the service of a member does, once each second.
extension FleetWorld {
    mutating func serve(_ index: Int) {
        let now = moment(nodes[index]).uptimeMs
        renew(index, now)
        read(index)
        coordinate(index)
        watch(index, now)
        takeLeads(index, now)
        write(index)
        for shard in leadsToGiveBack(index) { giveBack(LeaseScope.shard(shard), by: index) }
        guard let session = nodes[index].session else { return }
        let (watched, ready) = (nodes[index].watched, nodes[index].ready(atUptimeMs: now))
        store.write(FleetStore.Status(session: session, watched: watched, ready: ready), of: nodes[index].name)
    }

    private mutating func renew(_ index: Int, _ now: Int64) {
        if let session = nodes[index].session {
            if now < nodes[index].tenure.renewUptimeMs ?? 0 { return }
            if store.renew(session, atMs: nowMs) {
                nodes[index].tenure.renewed(sentUptimeMs: now)
                guard let until = nodes[index].tenure.untilUptimeMs else { return }
                for scope in nodes[index].holds.keys.sorted() {
                    guard var next = nodes[index].leaderships[scope] else { continue }
                    next.untilUptimeMs = until
                    inform(index, next)
                }
                return
            }
            stopLeading(index)
        }
        nodes[index].session = store.open(nodes[index].name, atMs: nowMs)
        nodes[index].tenure.renewed(sentUptimeMs: now)
    }

    private var scopes: [String] { [LeaseScope.leader] + (0..<shards.count).map(LeaseScope.shard) }

    private mutating func read(_ index: Int) {
        for (revision, document) in store.documents where revision > nodes[index].cursor {
            if defect != .actsBeforeTheHandover { send(.handedOver(document), to: index) }
        }
        for (revision, peer) in store.records where revision > nodes[index].cursor && peer.replica != nodes[index].name
        {
            send(.peerRolledBack(peer), to: index)
        }
        nodes[index].cursor = store.revision
        for scope in scopes {
            let lead = store.leads[scope]
            if let lead, lead.session == nodes[index].session { continue }
            if nodes[index].holds[scope] != nil { stopLeading(index, scope) }
            inform(index, Leadership(token: lead?.token ?? 0, leader: lead?.name, scope: scope))
        }
    }

    // MARK: Coordinator

    private mutating func coordinate(_ index: Int) {
        if store.leads[LeaseScope.leader] == nil { take(LeaseScope.leader, by: index) }
        guard let token = nodes[index].holds[LeaseScope.leader] else { return nodes[index].rounds = [:] }
        var rounds: [String: Int] = [:]
        for name in store.members { rounds[name] = (nodes[index].rounds[name] ?? 0) + 1 }
        nodes[index].rounds = rounds
        let known: Set<String> = Set((store.assignment?.shards ?? []).joined())
        let members = store.members.filter { known.contains($0) || rounds[$0] ?? 0 >= 2 }
        guard !members.isEmpty else { return }
        var weights = Array(repeating: 0, count: shards.count)
        for release in plan.releases { weights[shards.shard(of: release.name)] += 3 }
        let next = FleetAssignment.next(
            store.assignment, members: members.map { FleetMember(name: $0) }, weights: weights, copies: copies)
        if next.assignment != store.assignment { store.write(next.assignment, token: token) }
    }

    // MARK: Watching

    private func listed(_ shard: Int) -> [String] { store.assignment?.shards[shard] ?? [] }

    private func isReady(_ name: String, _ shard: Int) -> Bool {
        store.status(of: name)?.ready.contains(shard) ?? false
    }

    /// What is listed, what is led, what the listed ones are not ready for, and rollbacks that no other member knows.
    private func wanted(_ index: Int) -> Set<Int> {
        let node = nodes[index]
        let unknown = node.kernel.releases.map(\.name).filter { node.kernel.hasRollbackToHandOver($0) }
        let pinned = Set(unknown.map { shards.shard(of: $0) })
        return Set(
            (0..<shards.count).filter { shard in
                let list = listed(shard)
                if list.contains(node.name) || node.holds[LeaseScope.shard(shard)] != nil { return true }
                guard node.watched.contains(shard), defect != .givesBackAtOnce else { return false }
                let leader = store.leads[LeaseScope.shard(shard)]?.name
                return pinned.contains(shard) || leader == nil || leader == node.name
                    || !list.allSatisfy { isReady($0, shard) }
            })
    }

    private mutating func watch(_ index: Int, _ now: Int64) {
        let next = wanted(index)
        guard next != nodes[index].watched else { return }
        var part = plan
        part.releases = plan.releases.filter { next.contains(shards.shard(of: $0.name)) }
        let known = nodes[index].kernel.releases.map(\.name)
        send(.reload(part), to: index)
        for release in part.releases where !known.contains(release.name) {
            if defect == .actsBeforeTheHandover { continue }
            if let document = store.document(of: release.name) { send(.handedOver(document), to: index) }
        }
        entries += next.subtracting(nodes[index].watched).count
        nodes[index].watchedSinceMs = nodes[index].watchedSinceMs.filter { next.contains($0.key) }
        for shard in next where !nodes[index].watched.contains(shard) { nodes[index].watchedSinceMs[shard] = now }
        nodes[index].watched = next
    }

    // MARK: Leading

    /// Ready members come first, in the order of the list; of the others the listed ones alone.
    private func candidates(_ shard: Int) -> [String] {
        let list = listed(shard)
        let others = store.members.filter {
            !list.contains($0) && store.status(of: $0)?.watched.contains(shard) == true
        }
        let all = list + others
        return all.filter { isReady($0, shard) } + list.filter { !isReady($0, shard) }
    }

    private mutating func takeLeads(_ index: Int, _ now: Int64) {
        for shard in 0..<shards.count {
            let scope = LeaseScope.shard(shard)
            guard store.leads[scope] == nil else {
                nodes[index].vacantSinceMs[shard] = nil
                continue
            }
            let since = nodes[index].vacantSinceMs[shard] ?? now
            nodes[index].vacantSinceMs[shard] = since
            guard nodes[index].watched.contains(shard),
                let rank = candidates(shard).firstIndex(of: nodes[index].name), now - since >= Int64(rank) * 1_000
            else { continue }
            take(scope, by: index)
        }
    }

    private mutating func take(_ scope: String, by index: Int) {
        guard let session = nodes[index].session, let until = nodes[index].tenure.untilUptimeMs,
            let token = store.lead(scope, session)
        else { return }
        nodes[index].holds[scope] = token
        if scope != LeaseScope.leader { countTakeover() }
        inform(
            index,
            Leadership(isHeld: true, untilUptimeMs: until, token: token, leader: nodes[index].name, scope: scope))
    }

    private func leadsToGiveBack(_ index: Int) -> [Int] {
        (0..<shards.count).filter { shard in
            guard nodes[index].holds[LeaseScope.shard(shard)] != nil, let first = listed(shard).first,
                first != nodes[index].name
            else { return false }
            return isReady(first, shard) || defect == .givesBackAtOnce
        }
    }

    /// It stops acting, what is to be handed over is written, and then another one may lead.
    mutating func giveBack(_ scope: String, by index: Int) {
        guard let token = nodes[index].holds[scope] else { return }
        inform(index, Leadership(scope: scope))
        write(index)
        nodes[index].holds[scope] = nil
        store.giveBack(scope, token: token)
    }

    mutating func endTenure(_ index: Int) {
        guard !nodes[index].holds.isEmpty,
            !nodes[index].tenure.isValid(atUptimeMs: moment(nodes[index]).uptimeMs)
        else { return }
        stopLeading(index)
    }

    private mutating func stopLeading(_ index: Int) {
        nodes[index].tenure.ended()
        nodes[index].session = nil
        for scope in nodes[index].holds.keys.sorted() { stopLeading(index, scope) }
    }

    private mutating func stopLeading(_ index: Int, _ scope: String) {
        nodes[index].holds[scope] = nil
        inform(index, Leadership(scope: scope))
    }

    private mutating func inform(_ index: Int, _ next: Leadership) {
        guard next != nodes[index].leaderships[next.scope] else { return }
        nodes[index].leaderships[next.scope] = next
        var given = next
        if defect == .actsAfterItLetGo {
            if !next.isHeld, nodes[index].kernel.replicas?.leadership(of: next.scope)?.isHeld == true { return }
            given.untilUptimeMs = .max
        }
        send(.leadership(given), to: index)
    }

    private mutating func write(_ index: Int) {
        for entry in nodes[index].announced { store.write(PeerRollback(replica: nodes[index].name, entry: entry)) }
        nodes[index].announced = []
        let pending = nodes[index].pending
        nodes[index].pending = []
        for document in pending {
            let scope = shards.scope(of: document.release)
            var token = nodes[index].holds[scope]
            if defect == .actsAfterItLetGo { token = store.leads[scope]?.token }
            guard let token, store.write(document, scope: scope, token: token) else { continue }
            send(.published(release: document.release, through: document.through), to: index)
        }
    }
}
