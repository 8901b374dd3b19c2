import Model

/// Notices that the instances of the version before have disappeared, and that they are back. One that restarts is not gone, and
/// one that comes and goes is reported once.
struct WayBackWatch: Sendable, Equatable {
    private static let awayMs: Int64 = 60_000
    private static let backMs: Int64 = 600_000

    enum Change: Equatable {
        case lost
        case found
    }

    private var awaySinceUptimeMs: Int64?
    private var backSinceUptimeMs: Int64?

    /// - Parameter isKnownLost: as the journal says, so that a restart reports nothing twice.
    mutating func see(_ pool: PoolState, isKnownLost: Bool, at now: Moment) -> Change? {
        let isAway = pool.healthyTargets == 0
        awaySinceUptimeMs = isAway ? awaySinceUptimeMs ?? now.uptimeMs : nil
        backSinceUptimeMs = isAway ? nil : backSinceUptimeMs ?? now.uptimeMs
        if !isKnownLost, let since = awaySinceUptimeMs, now.uptimeMs - since >= WayBackWatch.awayMs { return .lost }
        if isKnownLost, let since = backSinceUptimeMs, now.uptimeMs - since >= WayBackWatch.backMs { return .found }
        return nil
    }
}
