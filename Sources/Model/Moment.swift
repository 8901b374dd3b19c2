/// A reading of both clocks. Durations and deadlines use the monotonic one; the wall clock, which may jump, is only
/// written down.
public struct Moment: Sendable, Equatable, Codable, Comparable {
    /// Milliseconds of a clock that never goes back; its zero means nothing and is lost at a restart.
    public var uptimeMs: Int64
    /// Milliseconds since the Unix epoch.
    public var wallMs: Int64

    public init(uptimeMs: Int64, wallMs: Int64) {
        self.uptimeMs = uptimeMs
        self.wallMs = wallMs
    }

    public static func < (left: Moment, right: Moment) -> Bool { left.uptimeMs < right.uptimeMs }
}
