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
    /// When the replica that took the order began it, by that one's clock, for a silence that came from there: the same in all
    /// replicas, whatever their clocks say. Nil where it was ordered.
    public var orderedWallMs: Int64?
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

    private enum CodingKeys: String, CodingKey { case id, match, beganWallMs, endsWallMs, by, reason, orderedWallMs }

    /// Which silences are kept where there are too many: the newest, by an order that is the same in every replica.
    public var rank: (Int64, String) { (orderedWallMs ?? beganWallMs, id) }

    /// Of a silence that is in force.
    public func hides(_ notification: Notification) -> Bool {
        !notification.isUnmutable && match.holds(for: notification)
    }
}
