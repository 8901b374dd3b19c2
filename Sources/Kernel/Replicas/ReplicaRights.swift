import Model

/// What this replica may do in one step of the kernel. What takes a canary out needs no right: a partition leads to more
/// caution, never to less.
struct ReplicaRights: Sendable {
    private let leads: ScopedLeads
    let group: String
    private let now: Moment

    init(leads: ScopedLeads, group: String, now: Moment) { (self.leads, self.group, self.now) = (leads, group, now) }

    /// It may raise shares, lead rollouts and act on statistical rules.
    func leads(_ release: String) -> Bool { leads.of(release).isInForce(at: now) }

    /// Who leads the release.
    func of(_ release: String) -> Leadership { leads.of(release) }

    /// The id of a delivery without its receiver; nil for a notification that each replica makes for itself.
    func name(of notification: Notification, ordinal: Int?, _ shared: String?) -> String? {
        shared.map { "\(group)-\($0)" } ?? SharedDeliveryName(self, notification, ordinal: ordinal)?.text
    }
}

extension Leadership {
    func isInForce(at now: Moment) -> Bool { isHeld && now.uptimeMs < untilUptimeMs }
}

/// Who leads which releases: all have one leader, or in a fleet one per shard.
struct ScopedLeads: Sendable, Equatable {
    private(set) var shards: FleetShards?
    /// Of the scope `leader`; in a fleet no release follows it.
    private var whole = Leadership()
    /// By shard.
    private var parts: [Leadership]

    init(_ shards: FleetShards?) {
        self.shards = shards
        parts = (0..<(shards?.count ?? 0)).map { Leadership(scope: LeaseScope.shard($0)) }
    }

    /// - Parameter release: its name, or that of a unit.
    func of(_ release: String) -> Leadership {
        guard let shards else { return whole }
        return parts[shards.shard(of: release)]
    }

    subscript(scope: String) -> Leadership? {
        scope == LeaseScope.leader ? whole : part(scope).map { parts[$0] }
    }

    mutating func take(_ next: Leadership) {
        if next.scope == LeaseScope.leader { whole = next } else if let index = part(next.scope) { parts[index] = next }
    }

    mutating func adopt(_ next: Plan) { shards = shards.map { FleetShards(count: $0.count, plan: next) } }

    private func part(_ scope: String) -> Int? {
        LeaseScope.shard(of: scope).flatMap { parts.indices.contains($0) ? $0 : nil }
    }
}
