import Model

@testable import Kernel

/// What must hold in a fleet whatever happens.
extension FleetWorld {
    mutating func checkLaws() {
        checkOwners()
        checkWarmth()
        for release in plan.releases.indices {
            checkSickness(release)
            if isLatched(release) { latched.insert(release) }
        }
    }

    private mutating func note(_ text: String) { broken.append("\((nowMs - 1_000_000) / 1_000) s: \(text)") }

    /// Two members never believe at once that they lead a shard, but for one whose clock does not run.
    private mutating func checkOwners() {
        for shard in 0..<shards.count {
            let scope = LeaseScope.shard(shard)
            let owners = nodes.filter { node in
                node.runs && nowMs - node.stoppedClockMs > 2 * FleetWorld.ttlMs && isLeading(node, scope)
            }
            if owners.count > 1 { note("\(owners.map(\.name)) lead \(scope)") }
        }
    }

    private mutating func checkWarmth() {
        for shard in 0..<shards.count {
            let isWarm = nodes.contains { node in
                node.runs && !node.isClockStopped
                    && node.ready(atUptimeMs: moment(node).uptimeMs).contains(shard)
            }
            warmSinceMs[shard] = isWarm ? warmSinceMs[shard] ?? nowMs : nil
        }
    }

    /// A share goes up only by an intent that the store took from the shard's leader, never after a rollback that is known to it,
    /// and never after all that watch the release have latched.
    mutating func checkRaise(of release: Int, to share: Int, by index: Int) {
        let (name, service) = (nodes[index].name, plan.releases[release].name)
        let entries = store.document(of: service)?.entries ?? []
        let granted = entries.compactMap { entry -> Int? in
            guard case .rollout(_, .stepIntended(_, _, let to)) = entry.event else { return nil }
            return to
        }.last
        if granted ?? 0 < share { note("\(name) raises \(service) to \(share), and the store has \(granted ?? 0)") }
        let leader = store.leads[shards.scope(of: service)]?.name
        if leader != name { note("\(name) raises \(service) to \(share), and \(leader ?? "no member") leads") }
        let isRolledBack = entries.contains { entry in
            if case .rollout(_, .rollingBack) = entry.event { true } else { false }
        }
        if isRolledBack { note("\(name) raises \(service) to \(share) after a rollback") }
        if latched.contains(release) { note("\(name) raises \(service) to \(share) against the latch") }
    }

    /// A sick canary is out within 30 s while a member with a full window watches it.
    private mutating func checkSickness(_ release: Int) {
        let isSick = sick.contains(release) && shares[release] > 0 && shares[release] < 10_000
        sickSinceMs[release] = isSick ? sickSinceMs[release] ?? nowMs : nil
        guard let since = sickSinceMs[release], nowMs - since > 30_000,
            let warm = warmSinceMs[shard(release)], nowMs - warm > 30_000
        else { return }
        note("the sick canary of \(plan.releases[release].name) has had traffic for more than 30 s")
        sickSinceMs[release] = nowMs
    }

    /// All that run and watch it hold it down, and the store knows of it.
    private func isLatched(_ release: Int) -> Bool {
        let name = plan.releases[release].name
        let isKnown = store.document(of: name)?.entries.contains { entry in
            if case .intended = entry.event { true } else { false }
        }
        guard isKnown == true else { return false }
        let phases = nodes.filter(\.runs).compactMap { node in
            node.kernel.releases.first { $0.name == name }?.phase
        }
        return !phases.isEmpty && phases.allSatisfy { $0 == .rolledBack }
    }

    /// At rest every shard is led by the first of its list, and watched by those of the list alone, which agree on everything.
    mutating func checkRest() {
        for shard in 0..<shards.count {
            let list = store.assignment?.shards[shard] ?? []
            let owners = nodes.filter { $0.runs && isLeading($0, LeaseScope.shard(shard)) }.map(\.name)
            let watchers = nodes.filter { $0.runs && $0.watched.contains(shard) }.map(\.name)
            if owners != Array(list.prefix(1)) { note("\(owners) lead shard \(shard) of \(list)") }
            if watchers != list.sorted() { note("\(watchers) watch shard \(shard) of \(list)") }
            if list.count != min(copies, store.members.count) { note("shard \(shard) has \(list)") }
        }
        for release in plan.releases.indices { checkAgreement(release) }
    }

    private mutating func checkAgreement(_ release: Int) {
        let views = nodes.indices.filter { nodes[$0].runs }.compactMap { index -> String? in
            guard let view = view(release, of: index) else { return nil }
            let failed = view.rollout?.deployment.failed.map(\.text) ?? []
            return
                "\(view.phase) \(view.rollout?.running?.id ?? "-") \(failed) \(view.rollout?.deployment.isTurned ?? false)"
        }
        if Set(views).count > 1 { note("\(plan.releases[release].name): \(views)") }
        guard latched.contains(release) else { return }
        if shares[release] > 0 { note("\(plan.releases[release].name) was rolled back and has \(shares[release])") }
        if !views.allSatisfy({ $0.hasPrefix("\(ReleasePhase.rolledBack) ") }) {
            note("\(plan.releases[release].name) lost its latch: \(views)")
        }
    }
}
