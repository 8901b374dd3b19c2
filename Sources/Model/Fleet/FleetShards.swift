/// In which shard of a fleet a release is. Every member has to find the same, so it follows from names alone: FNV-1a with 64
/// bits (by Fowler, Noll and Vo) of a key, modulo the number of shards.
///
/// The key is the release's name. Releases that belong together, as members of one group or parts of one rollout, have the
/// smallest of their names as their key, so that one member leads all of them.
public struct FleetShards: Sendable, Equatable {
    public let count: Int
    /// The shard of a name whose key is another one: of members of groups, parts, and units.
    private var joined: [String: Int] = [:]

    /// - Parameters:
    ///   - count: of shards, at least 1.
    ///   - plan: with all releases that belong together; others may be missing.
    public init(count: Int, plan: Plan) {
        precondition(count > 0, "a fleet has at least one shard")
        self.count = count
        var sets = NameSets()
        for release in plan.releases {
            if let unit = release.part?.unit { sets.join(release.name, unitName: unit) }
        }
        for group in plan.groups {
            let here = group.members.filter { $0.daemon == nil }.map(\.release)
            for name in here.dropFirst() { sets.join(here[0], name) }
        }
        joined = sets.keys.mapValues { FleetShards.hash($0, count) }
    }

    /// - Parameter release: its name, or that of a unit.
    public func shard(of release: String) -> Int { joined[release] ?? FleetShards.hash(release, count) }

    /// The scope of the lead of a release.
    public func scope(of release: String) -> String { LeaseScope.shard(shard(of: release)) }

    private static func hash(_ key: String, _ count: Int) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return Int(hash % UInt64(count))
    }
}

/// Names that belong together, as sets that grow together.
private struct NameSets {
    private var sets: [[String]] = []
    private var places: [String: Int] = [:]
    /// Names that are no releases, and so no keys.
    private var units: Set<String> = []

    mutating func join(_ release: String, unitName unit: String) {
        units.insert(unit)
        join(release, unit)
    }

    mutating func join(_ one: String, _ other: String) {
        let (kept, gone) = (place(of: one), place(of: other))
        guard kept != gone else { return }
        for name in sets[gone] { places[name] = kept }
        sets[kept] += sets[gone]
        sets[gone] = []
    }

    private mutating func place(of name: String) -> Int {
        if let place = places[name] { return place }
        places[name] = sets.count
        sets.append([name])
        return sets.count - 1
    }

    /// By name the smallest release's name of its set.
    var keys: [String: String] {
        var keys: [String: String] = [:]
        for set in sets {
            guard let key = set.lazy.filter({ !units.contains($0) }).min() else { continue }
            for name in set { keys[name] = key }
        }
        return keys
    }
}
