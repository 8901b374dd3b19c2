/// When the present attempt of a rollback began, by the wall clock of its journal entries: all that a restart knows of the
/// time that its limits have used up.
public struct RollbackClock: Sendable, Equatable {
    /// The verdict, the drift, or the last of several steps: where `deadline` and `fallback.after` begin.
    public private(set) var sinceWallMs: Int64
    /// The latest entry of the incident. The wall clock may have been set back between two of them.
    private(set) var latestWallMs: Int64

    public init(atWallMs wallMs: Int64) { (sinceWallMs, latestWallMs) = (wallMs, wallMs) }

    public mutating func note(atWallMs wallMs: Int64) { latestWallMs = max(latestWallMs, wallMs) }

    /// The limits start over with this entry.
    public mutating func restart(atWallMs wallMs: Int64) {
        (sinceWallMs, latestWallMs) = (wallMs, max(latestWallMs, wallMs))
    }

    /// How much earlier than now the attempt began, milliseconds, 0 or more; nil when the wall clock was set back, so that it
    /// is not known.
    public func elapsedMs(atWallMs nowMs: Int64) -> Int64? {
        guard nowMs >= latestWallMs - RollbackClock.toleranceMs else { return nil }
        return max(0, max(nowMs, latestWallMs) - sinceWallMs)
    }

    /// Corrections by which a well-kept clock goes back.
    private static let toleranceMs: Int64 = 1_000
}
