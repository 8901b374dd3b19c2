import Model

/// What a member of a fleet knows, and what follows from it: which shards it watches, which leads it takes, and which it gives
/// back. Pure: the caller says what time it is.
struct FleetDesk: Sendable, Equatable {
    /// A member whose lease has not ended.
    struct Member: Sendable, Equatable {
        var name: String
        var address: String?
        var capacity: Int?
        var targets = 0
        var watched: Set<Int> = []
        var ready: Set<Int> = []
        /// No other member has a newer configuration.
        var isCurrent = true
    }

    /// Of the next candidate, while the one before it does not take a lead.
    private static let candidatePauseMs: Int64 = 1_000
    /// Of a member with an older configuration, until it gives its leads back: others take a new one up a little earlier or later.
    private static let outdatedLimitMs: Int64 = 60_000
    /// Leads that are given back in one round: each shard is without an owner for a moment.
    private static let dropLimit = 16

    let name: String
    /// Of shards.
    let count: Int
    /// By name; this one is among them.
    var members: [Member] = []
    /// Of the assignment: members by shard, in order; empty before the first one was read.
    var assigned: [[String]] = []
    /// Who leads, by shard, as far as the store says it.
    var leaders: [Int: String] = [:]
    /// Shards that this member leads.
    var held: Set<Int> = []
    /// An operator keeps this member at an older configuration.
    var isBraked = false
    /// This member reads all documents, or none reads more.
    var mayLead = true
    private var vacantSince: [Int: Int64] = [:]
    private var outdatedSince: Int64?

    init(name: String, count: Int) { (self.name, self.count) = (name, count) }

    private var own: Member? { member(name) }

    /// Shards that this member watches.
    var watched: Set<Int> { own?.watched ?? [] }

    func member(_ name: String) -> Member? { members.first { $0.name == name } }

    func assigned(_ shard: Int) -> [String] { assigned.indices.contains(shard) ? assigned[shard] : [] }

    // MARK: What to watch

    /// The shards to watch next: those of the assignment, those that this member leads, and those that no other member watches
    /// well enough yet.
    ///
    /// - Parameter pinned: shards with a rollback that only this member knows.
    func wanted(pinned: Set<Int>) -> Set<Int> {
        Set((0..<count).filter { isWanted($0) || watched.contains($0) && pinned.contains($0) })
    }

    private func isWanted(_ shard: Int) -> Bool {
        if assigned(shard).contains(name) || held.contains(shard) { return true }
        return watched.contains(shard) && isNeeded(shard)
    }

    /// The members of the assignment are not ready to do without this one, which is not among them.
    private func isNeeded(_ shard: Int) -> Bool {
        guard let leader = leaders[shard], leader != name else { return true }
        let present = assigned(shard).compactMap(member)
        return present.isEmpty || !present.allSatisfy { $0.ready.contains(shard) }
    }

    // MARK: Whom to lead

    /// Shards without a leader whose lead this member takes now.
    mutating func leadsToTake(atUptimeMs now: Int64) -> [Int] {
        for shard in 0..<count {
            vacantSince[shard] = leaders[shard] == nil ? vacantSince[shard] ?? now : nil
        }
        return watched.sorted().filter { shard in
            guard let since = vacantSince[shard], !held.contains(shard), let rank = rank(shard) else { return false }
            return now - since >= Int64(rank) * FleetDesk.candidatePauseMs
        }
    }

    /// This member's place among those that may take the lead: after all others when it cannot read their documents.
    private func rank(_ shard: Int) -> Int? {
        let all = candidates(shard)
        return all.firstIndex(of: name).map { mayLead ? $0 : $0 + all.count }
    }

    /// Members with evidence come first, then those of the assignment before others, in its order.
    private func candidates(_ shard: Int) -> [String] {
        let listed = assigned(shard).compactMap(member)
        let others = members.filter { one in
            one.watched.contains(shard) && !listed.contains { $0.name == one.name }
        }
        func tier(_ one: Member) -> Int { (one.isCurrent ? 0 : 2) + (one.ready.contains(shard) ? 0 : 1) }
        let all = listed + others
        return (0...3).flatMap { wanted in all.filter { tier($0) == wanted } }.map(\.name)
    }

    /// Shards whose lead is for another member, which is ready for it.
    mutating func leadsToDrop(atUptimeMs now: Int64) -> [Int] {
        let isOutdated = own.map { !$0.isCurrent } ?? false
        outdatedSince = isOutdated ? outdatedSince ?? now : nil
        let leavesAll = outdatedSince.map { isBraked || now - $0 >= FleetDesk.outdatedLimitMs } ?? false
        return held.sorted().filter { isForItsFirst($0) || leavesAll && hasSuccessor($0) }
            .prefix(FleetDesk.dropLimit).map(\.self)
    }

    private func isForItsFirst(_ shard: Int) -> Bool {
        guard let first = assigned(shard).first, first != name, let next = member(first) else { return false }
        return next.isCurrent && next.ready.contains(shard)
    }

    /// Another member, with the newest configuration, watches the shard and has evidence of it.
    private func hasSuccessor(_ shard: Int) -> Bool {
        members.contains {
            $0.name != name && $0.isCurrent && $0.watched.contains(shard) && $0.ready.contains(shard)
        }
    }

    // MARK: What to show

    func state(_ shard: Int) -> FleetReport.State {
        let listed = assigned(shard)
        guard members.contains(where: { $0.watched.contains(shard) }) else { return .unwatched }
        let areReady = listed.allSatisfy { member($0)?.ready.contains(shard) ?? false }
        return areReady && !listed.isEmpty && leaders[shard] == listed.first ? .steady : .moving
    }

    /// Members that watch a shard and do not lead it, those of the assignment first.
    func standbys(_ shard: Int) -> [String] {
        let watching = members.filter { $0.watched.contains(shard) }.map(\.name)
        let listed = assigned(shard).filter { watching.contains($0) }
        return (listed + watching.filter { !listed.contains($0) }).filter { $0 != leaders[shard] }
    }
}
