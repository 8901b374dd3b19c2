/// One notification on its way to one receiver.
public struct Delivery: Sendable, Equatable {
    /// Stable over every try and restart; receivers drop what they have seen.
    public var id: String
    public var receiver: String
    public var notification: Notification
    /// 1 for the first try.
    public var attempt: Int

    public init(id: String, receiver: String, notification: Notification, attempt: Int = 1) {
        self.id = id
        self.receiver = receiver
        self.notification = notification
        self.attempt = attempt
    }
}
