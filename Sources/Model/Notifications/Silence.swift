/// Hides notifications for a while. It mutes messages, never actions, and never that a rollback does not get through.
public struct Silence: Sendable, Equatable, Codable {
    /// `silence-17`, from the sequence of the journal entry that has it first.
    public var id: String
    public var match: NotificationMatch
    /// Milliseconds since the Unix epoch, as the other times.
    public var beganWallMs: Int64
    /// Always later than the beginning, by ``longestMs`` at most.
    public var endsWallMs: Int64
    public var by: String
    public var reason: String
    /// Notifications that it has hidden since the daemon was started.
    public var hidden = 0

    /// Seven days.
    public static let longestMs: Int64 = 7 * 86_400_000

    public init(
        id: String, match: NotificationMatch, beganWallMs: Int64, endsWallMs: Int64, by: String, reason: String
    ) {
        self.id = id
        self.match = match
        self.beganWallMs = beganWallMs
        self.endsWallMs = endsWallMs
        self.by = by
        self.reason = reason
    }

    private enum CodingKeys: String, CodingKey { case id, match, beganWallMs, endsWallMs, by, reason }

    /// Of a silence that is in force.
    public func hides(_ notification: Notification) -> Bool {
        !notification.isUnmutable && match.holds(for: notification)
    }
}
