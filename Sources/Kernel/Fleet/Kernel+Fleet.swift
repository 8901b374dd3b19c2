public import Model

/// A kernel that watches some of a fleet's shards.
extension Kernel {
    /// Whether other members do not know yet what this one did to the release: it has to be watched here until they do.
    public func hasRollbackToHandOver(_ release: String) -> Bool {
        guard let replicas, let index = places.release(release), let own = releases[index].incidentInForce else {
            return false
        }
        guard let book = replicas.book(release) else { return true }
        let isAdopted = book.adopted?.entries.contains { $0.incident == own.id } == true
        return !isAdopted && book.publishedThrough < own.intentSequence
    }

    /// Names of the releases that another plan does not have and that cannot leave yet: their rollbacks are open, or no
    /// other replica knows of them. None for one daemon alone, which refuses such a plan or keeps the latch itself.
    public func releasesThatMustStay(_ next: Plan) -> [String] {
        guard replicas != nil else { return [] }
        let named = PlanPlaces(next)
        return releases.indices.compactMap { index in
            let name = releases[index].name
            guard named.release(name) == nil else { return nil }
            return releases[index].rollback?.isOpen == true || hasRollbackToHandOver(name) ? name : nil
        }
    }

    /// What orders and leads may name.
    func isKnown(_ name: String) -> Bool { places.release(name) != nil || places.unit(name) != nil }

    /// A release that is led keeps its shard: in another one another member could lead it at the same time.
    ///
    /// - Parameter named: the places of the next plan.
    func reasonsOfShards(_ next: Plan, _ named: PlanPlaces) -> [String] {
        guard let shards = replicas?.shards else { return [] }
        let nextShards = FleetShards(count: shards.count, plan: next)
        return releases.compactMap { release in
            let isUnderWay = release.rollouts.isLeading || release.rollback?.isOpen == true
            guard isUnderWay, named.release(release.name) != nil,
                shards.shard(of: release.name) != nextShards.shard(of: release.name)
            else { return nil }
            return
                "error: \(release.name) would move to another shard of the fleet with its new group or unit; reload when its rollout or rollback has ended"
        }
    }
}
