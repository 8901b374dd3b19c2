import Model

/// Since when a member watches its releases: it is ready for a shard when the rules of all of its releases have had their
/// longest window and `for` to decide.
struct FleetReadiness: Sendable, Equatable {
    /// By release, by the monotonic clock.
    private var since: [String: Int64] = [:]

    /// These releases are watched now, and no others; those that were watched before continue.
    mutating func watch(_ releases: [String], atUptimeMs now: Int64) {
        var next: [String: Int64] = [:]
        for name in releases { next[name] = since[name] ?? now }
        since = next
    }

    /// - Parameter watched: shards; those without releases are ready at once.
    func ready(_ map: FleetMap, watched: Set<Int>, atUptimeMs now: Int64) -> Set<Int> {
        watched.filter { shard in
            map.releases[shard].allSatisfy { name in
                since[name].map { now - $0 >= map.warmMs[name] ?? 0 } ?? false
            }
        }
    }
}
