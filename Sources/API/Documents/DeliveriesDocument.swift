import Ports
public import Support

/// The answer of `GET /api/v1/deliveries`.
public struct DeliveriesDocument: Codable, Sendable, Equatable {
    public var waiting: Int
    public var delivered: Int
    public var dead: Int
    /// Receivers that have waiting or dead notifications, sorted by name.
    public var receivers: [ReceiverQueueDocument]
    /// Newest first, at most 100.
    public var deadLetters: [DeadLetterDocument]

    init(_ report: OutboxReport) {
        waiting = report.counts.waiting
        delivered = report.counts.delivered
        dead = report.counts.dead
        receivers = report.queues.map(ReceiverQueueDocument.init)
        deadLetters = report.deadLetters.map(DeadLetterDocument.init)
    }

    enum CodingKeys: String, CodingKey {
        case waiting, delivered, dead, receivers
        case deadLetters = "dead_letters"
    }
}

/// What waits for one receiver, or was given up.
public struct ReceiverQueueDocument: Codable, Sendable, Equatable {
    public var name: String
    public var waiting: Int
    public var dead: Int
    /// The delivery at the head of the queue, which the others wait for; null when nothing waits.
    @ExplicitNull public var next: NextDelivery?

    public struct NextDelivery: Codable, Sendable, Equatable {
        /// The delivery id that the receiver is shown.
        public var id: String
        public var event: String
        /// When it happened.
        public var at: WallTime
        /// Tries that failed.
        public var attempts: Int
        /// Why the last try failed; empty before the first one.
        public var reason: String
    }

    init(_ queue: ReceiverQueue) {
        name = queue.receiver
        waiting = queue.waiting
        dead = queue.dead
        next = queue.head.map { head in
            NextDelivery(
                id: head.delivery.id, event: head.delivery.notification.event.rawValue,
                at: WallTime(wallMs: head.delivery.notification.atWallMs), attempts: head.delivery.attempt - 1,
                reason: head.reason)
        }
    }
}
