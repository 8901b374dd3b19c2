import Model

/// Remembers when the wall clock was set forward (or the machine slept), so that the age of a delivery counts only time in
/// which it could have been delivered. A clock that was set back makes a delivery younger, which does no harm.
struct ClockJumps: Sendable {
    private struct Jump {
        /// What the wall clock showed before.
        let fromWallMs: Int64
        let byMs: Int64
    }

    /// Smaller differences come from clock adjustment and from the time between two readings.
    private static let smallestMs: Int64 = 5_000
    private static let limit = 32

    private var last: Moment?
    private var jumps: [Jump] = []

    /// Call it often: what lies between two calls is attributed to one jump.
    mutating func note(_ now: Moment) {
        defer { last = now }
        guard let last else { return }
        let byMs = (now.wallMs - last.wallMs) - (now.uptimeMs - last.uptimeMs)
        guard byMs >= Self.smallestMs else { return }
        if jumps.count == Self.limit { jumps.removeFirst() }
        jumps.append(Jump(fromWallMs: last.wallMs, byMs: byMs))
    }

    /// Milliseconds since the wall clock showed `sinceWallMs`, without the jumps in between.
    func ageMs(sinceWallMs: Int64, nowWallMs: Int64) -> Int64 {
        let skipped = jumps.reduce(into: Int64(0)) { sum, jump in
            if jump.fromWallMs >= sinceWallMs { sum += jump.byMs }
        }
        return max(0, nowWallMs - sinceWallMs - skipped)
    }
}
