import Ports
package import Support

/// The answer of `GET /api/v1/deliveries`.
package struct DeliveriesDocument: Codable, Sendable, Equatable {
    package var waiting: Int
    package var delivered: Int
    package var dead: Int
    /// Receivers that have waiting or dead notifications, sorted by name.
    package var receivers: [ReceiverQueueDocument]
    /// Newest first, at most 100.
    package var deadLetters: [DeadLetterDocument]

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
package struct ReceiverQueueDocument: Codable, Sendable, Equatable {
    package var name: String
    package var waiting: Int
    package var dead: Int
    /// The delivery at the head of the queue, which the others wait for; null when nothing waits.
    @ExplicitNull package var next: NextDelivery?

    package struct NextDelivery: Codable, Sendable, Equatable {
        /// The delivery id that the receiver is shown.
        package var id: String
        package var event: String
        /// When it happened.
        package var at: WallTime
        /// Tries that failed.
        package var attempts: Int
        /// Why the last try failed; empty before the first one.
        package var reason: String
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
