/// A receiver that does not take notifications.
public struct Undelivered: Sendable, Equatable, Codable {
    /// Its name in the configuration.
    public var receiver: String
    /// What it answered, or why it could not be reached; without secrets.
    public var reason: String

    public init(receiver: String, reason: String) {
        self.receiver = receiver
        self.reason = reason
    }
}

/// What the outbox reports, so that operators do not wait for a receiver that takes nothing.
public enum DeliveryTrouble: Sendable, Equatable {
    /// A notification that a receiver does not take: it was given up, or waits for a receiver that is gone.
    case undelivered(Notification, Undelivered)
    /// The receiver has failed for ``goneMs``, or will not be tried for so long.
    case gone(Undelivered)
    /// A receiver that was gone takes notifications again.
    case back(receiver: String)

    /// A receiver that fails for so long counts as gone, milliseconds.
    public static let goneMs: Int64 = 120_000
}
