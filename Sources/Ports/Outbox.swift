public import Model

/// The notifications on their way: one queue per receiver, in the order in which the kernel made them. JournalStore
/// implements it.
///
/// A queue moves at its head: the oldest undelivered delivery of a release is delivered, given up or dropped before its next
/// one is tried. So a receiver never hears of an end before its beginning. Deliveries of several releases may be one message.
public protocol Outbox: Sendable {
    /// Names of the receivers that have undelivered deliveries, sorted. The cost depends on their number alone.
    func receiversWaiting() async throws(JournalError) -> [String]
    /// The head of a receiver's queue; nil when it is empty. The cost does not depend on the queue's length.
    ///
    /// - Parameter passing: ids of deliveries that are passed over.
    func nextDelivery(receiver: String, passing: Set<String>) async throws(JournalError) -> WaitingDelivery?
    /// Removes it from its queue as delivered.
    func markDelivered(_ id: String, atWallMs: Int64) async throws(JournalError)
    /// Records a failed try and when the next one is planned.
    func markRetry(_ id: String, reason: String, nextTryWallMs: Int64) async throws(JournalError)
    /// Gives a delivery up: it becomes a dead letter.
    func markDead(_ id: String, reason: String, atWallMs: Int64) async throws(JournalError)
    /// Of all receivers together.
    func outboxCounts() async throws(JournalError) -> OutboxCounts
    /// One entry per receiver that has waiting or dead deliveries, sorted by name.
    func queues() async throws(JournalError) -> [ReceiverQueue]
    /// What became of the deliveries of these journal entries, in the order of the entries; without those that were pruned.
    func fates(ofEntries sequences: [UInt64]) async throws(JournalError) -> [DeliveryFate]
    /// Newest first.
    func deadLetters(limit: Int) async throws(JournalError) -> [DeadLetter]
    /// Puts dead letters back into their queues, at their old places.
    ///
    /// - Returns: how many were put back.
    func resend(_ choice: DeliveryChoice) async throws(JournalError) -> Int
    /// Takes waiting and dead deliveries out for good, at most `limit` in one transaction.
    ///
    /// - Returns: how many were taken out; less than `limit` when none is left.
    func drop(_ choice: DeliveryChoice, limit: Int, atWallMs: Int64) async throws(JournalError) -> Int
}

extension Outbox {
    public func fates(ofEntries sequences: [UInt64]) async throws(JournalError) -> [DeliveryFate] { [] }

    public func nextDelivery(receiver: String) async throws(JournalError) -> WaitingDelivery? {
        try await nextDelivery(receiver: receiver, passing: [])
    }
}

/// The head of a queue.
public struct WaitingDelivery: Sendable, Equatable {
    /// Its `attempt` is that of the try to come.
    public var delivery: Delivery
    /// When the next try was planned, by a wall clock that may have been set since.
    public var nextTryWallMs: Int64
    /// Why the last try failed; empty before the first one.
    public var reason: String

    public init(delivery: Delivery, nextTryWallMs: Int64, reason: String = "") {
        self.delivery = delivery
        self.nextTryWallMs = nextTryWallMs
        self.reason = reason
    }
}

/// What became of a notification at a receiver.
public struct DeliveryFate: Sendable, Equatable {
    /// Where it is.
    public enum State: String, Sendable, CaseIterable {
        /// In the receiver's queue.
        case waiting
        /// The receiver accepted it.
        case delivered
        /// Given up.
        case dead
        /// Taken out by an operator.
        case dropped
    }

    /// That of the delivery.
    public var id: String
    /// The name in the configuration.
    public var receiver: String
    /// Of the notification.
    public var event: Notification.Event
    /// What became of it.
    public var state: State
    /// Those that were made.
    public var attempts: Int
    /// Why the last attempt failed; empty without a failure.
    public var reason: String
    /// Milliseconds since the Unix epoch; nil while it waits.
    public var settledWallMs: Int64?

    public init(
        id: String, receiver: String, event: Notification.Event, state: State, attempts: Int, reason: String,
        settledWallMs: Int64?
    ) {
        (self.id, self.receiver, self.event, self.state) = (id, receiver, event, state)
        (self.attempts, self.reason, self.settledWallMs) = (attempts, reason, settledWallMs)
    }
}

/// What waits for one receiver, or was given up.
public struct ReceiverQueue: Sendable, Equatable {
    /// The name in the configuration.
    public var receiver: String
    /// Undelivered deliveries, the head included.
    public var waiting: Int
    /// Deliveries that were given up and not dropped.
    public var dead: Int
    /// The head of the queue; nil when nothing waits.
    public var head: WaitingDelivery?

    public init(receiver: String, waiting: Int, dead: Int, head: WaitingDelivery? = nil) {
        self.receiver = receiver
        self.waiting = waiting
        self.dead = dead
        self.head = head
    }
}

/// Which deliveries an operator means.
public enum DeliveryChoice: Sendable, Equatable {
    /// The one with this id.
    case id(String)
    /// All of a receiver.
    case receiver(String)
}

/// Numbers of deliveries by their state.
public struct OutboxCounts: Sendable, Equatable, Codable {
    /// Undelivered deliveries.
    public var waiting: Int
    /// Deliveries that were given up and not dropped.
    public var dead: Int
    /// Deliveries that a receiver accepted and that were not pruned.
    public var delivered: Int

    public init(waiting: Int = 0, dead: Int = 0, delivered: Int = 0) {
        self.waiting = waiting
        self.dead = dead
        self.delivered = delivered
    }
}

/// A delivery that was given up.
public struct DeadLetter: Sendable, Equatable {
    /// The delivery as it was tried last.
    public var delivery: Delivery
    /// Why it was given up.
    public var reason: String
    /// When it was given up, milliseconds since the Unix epoch.
    public var atWallMs: Int64

    public init(delivery: Delivery, reason: String, atWallMs: Int64) {
        self.delivery = delivery
        self.reason = reason
        self.atWallMs = atWallMs
    }
}
