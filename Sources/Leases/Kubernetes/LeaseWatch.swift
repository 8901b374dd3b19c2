/// For how long each lease has not changed, by the clock of this host.
///
/// The times in a lease are those of other hosts and are not compared. Whoever has seen a lease unchanged for its own duration knows
/// that its holder has stopped acting: the holder counts from before its renewal was sent.
/// Source: client-go, `tools/leaderelection`.
struct LeaseWatch: Sendable {
    private struct Seen {
        var identity: String
        var sinceUptimeMs: Int64
    }

    private var seen: [String: Seen] = [:]

    /// - Returns: whether the holder may still act.
    mutating func isAlive(_ lease: KubernetesLease, nowUptimeMs now: Int64) -> Bool {
        unchangedMs(lease, now) < LeaseWatch.durationMs(lease)
    }

    /// It ended twice its duration ago, and its holder has not taken notice.
    mutating func isForgotten(_ lease: KubernetesLease, nowUptimeMs now: Int64) -> Bool {
        unchangedMs(lease, now) >= 3 * LeaseWatch.durationMs(lease)
    }

    /// What is not listed any more is gone.
    mutating func keep(_ names: Set<String>) { seen = seen.filter { names.contains($0.key) } }

    private mutating func unchangedMs(_ lease: KubernetesLease, _ now: Int64) -> Int64 {
        if let known = seen[lease.metadata.name], known.identity == lease.metadata.identity {
            return now - known.sinceUptimeMs
        }
        seen[lease.metadata.name] = Seen(identity: lease.metadata.identity, sinceUptimeMs: now)
        return 0
    }

    /// One without a duration is not ours; a minute is the longest that ours have.
    private static func durationMs(_ lease: KubernetesLease) -> Int64 {
        Int64(lease.spec?.leaseDurationSeconds ?? 60) * 1_000
    }
}
