import Model

/// A kernel that watches some of a fleet's shards.
extension Kernel {
    /// Whether other members do not know yet what this one did to the release: it has to be watched here until they do.
    public func hasRollbackToHandOver(_ release: String) -> Bool {
        guard let replicas, let known = releases.first(where: { $0.name == release }),
            let own = known.incidentInForce
        else { return false }
        guard let book = replicas.book(release) else { return true }
        let isAdopted = book.adopted?.entries.contains { $0.incident == own.id } == true
        return !isAdopted && book.publishedThrough < own.intentSequence
    }

    /// What orders and leads may name.
    func isKnown(_ name: String) -> Bool {
        releases.contains { $0.name == name || $0.plan.part?.unit == name }
    }

    /// A release that is led keeps its shard: in another one another member could lead it at the same time.
    func reasonsOfShards(_ next: Plan) -> [String] {
        guard let shards = replicas?.shards else { return [] }
        let nextShards = FleetShards(count: shards.count, plan: next)
        return releases.compactMap { release in
            let isUnderWay = release.rollouts.isLeading || release.rollback?.isOpen == true
            guard isUnderWay, next.releases.contains(where: { $0.name == release.name }),
                shards.shard(of: release.name) != nextShards.shard(of: release.name)
            else { return nil }
            return
                "error: \(release.name) would move to another shard of the fleet with its new group or unit; reload when its rollout or rollback has ended"
        }
    }
}
