import Model

/// The releases of a configuration by their shards, and what a member needs to know of them.
struct FleetMap: Sendable, Equatable {
    /// Longer windows are not waited for.
    private static let longestWarmMs: Int64 = 600_000

    let shards: FleetShards
    /// By shard, sorted.
    let releases: [[String]]
    /// Targets that the configuration lists, by shard.
    let targets: [Int]
    /// The shards of units.
    let units: [String: Int]
    /// How long a release has to be watched until its rules can decide, milliseconds.
    let warmMs: [String: Int64]

    init(_ plan: Plan, count: Int) {
        shards = FleetShards(count: count, plan: plan)
        var releases = Array(repeating: [String](), count: count)
        var targets = Array(repeating: 0, count: count)
        var warmMs: [String: Int64] = [:]
        var units: [String: Int] = [:]
        for release in plan.releases {
            let shard = shards.shard(of: release.name)
            releases[shard].append(release.name)
            if let unit = release.part?.unit { units[unit] = shard }
            targets[shard] += release.baseline.targets.count + release.canary.targets.count
            let longestMs = release.rules.map { $0.windowMs + $0.forMs }.max() ?? 0
            warmMs[release.name] = min(FleetMap.longestWarmMs, longestMs)
        }
        self.releases = releases.map { $0.sorted() }
        (self.targets, self.warmMs, self.units) = (targets, warmMs, units)
    }

    var count: Int { shards.count }

    /// What is left of a configuration when these shards alone are watched. Groups and units are in one shard each.
    func part(of plan: Plan, shards watched: Set<Int>) -> Plan {
        var part = plan
        part.releases = plan.releases.filter { watched.contains(shards.shard(of: $0.name)) }
        let names = Set(part.releases.map(\.name))
        part.groups = plan.groups.filter { group in
            group.members.contains { $0.daemon == nil && names.contains($0.release) }
        }
        return part
    }
}
