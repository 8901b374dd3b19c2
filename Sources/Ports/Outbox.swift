public import Model

/// The notifications on their way: one queue per receiver, in the order in which the kernel made them. JournalStore
/// implements it.
///
/// A queue moves at its head only: the oldest undelivered delivery of a receiver is delivered, given up or dropped before
/// the next one is tried. So a receiver never hears of an end before its beginning.
public protocol Outbox: Sendable {
    /// Names of the receivers that have undelivered deliveries, sorted. The cost depends on their number alone.
    func receiversWaiting() async throws(JournalError) -> [String]
    /// The head of a receiver's queue; nil when it is empty. The cost does not depend on the queue's length.
    func nextDelivery(receiver: String) async throws(JournalError) -> WaitingDelivery?
    /// Removes the head of its queue as delivered.
    func markDelivered(_ id: String, atWallMs: Int64) async throws(JournalError)
    /// Records a failed try and when the next one is planned.
    func markRetry(_ id: String, reason: String, nextTryWallMs: Int64) async throws(JournalError)
    /// Gives a delivery up: it becomes a dead letter.
    func markDead(_ id: String, reason: String, atWallMs: Int64) async throws(JournalError)
    /// Of all receivers together.
    func outboxCounts() async throws(JournalError) -> OutboxCounts
    /// One entry per receiver that has waiting or dead deliveries, sorted by name.
    func queues() async throws(JournalError) -> [ReceiverQueue]
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
