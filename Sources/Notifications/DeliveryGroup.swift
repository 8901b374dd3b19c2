import Model
import Ports

/// Deliveries to one receiver that go out together: one, or the same event of several releases that happened within a short
/// time (`group_wait`).
///
/// The order of each release is kept: a delivery joins only where nothing earlier of its release waits. What is urgent is
/// never held back: it waits for nothing, and whatever waits in front of it stops waiting.
struct DeliveryGroup {
    /// Releases of one message.
    static let limit = 20
    /// Deliveries that are read ahead in a queue.
    static let lookahead = 60
    /// A rollback that begins waits this long for others at the most, milliseconds.
    static let rollbackWaitMs: Int64 = 2_000

    /// In the order of the queue, never empty; the first one is the head.
    let members: [Delivery]

    init(_ head: Delivery) { members = [head] }

    /// - Parameters:
    ///   - waiting: the receiver's queue from its head, never empty.
    ///   - canGroup: whether the receiver can report a notification together with others.
    init(_ waiting: [Delivery], canGroup: (Notification) -> Bool) {
        let head = waiting[0]
        var members = [head]
        var passed: Set = [head.notification.release]
        let others = canGroup(head.notification) ? waiting.dropFirst() : []
        for other in others where passed.insert(other.notification.release).inserted {
            guard members.count < Self.limit else { break }
            if other.notification.isLike(head.notification), canGroup(other.notification) { members.append(other) }
        }
        self.members = members
    }

    /// The members that still wait, of an earlier attempt.
    init(_ waiting: [Delivery], ids: [String]) { members = waiting.filter { ids.contains($0.id) } }

    /// One delivery that reports all members. Its id follows from the members, so that an attempt with others is another
    /// message for a receiver that drops what it has seen.
    var message: Delivery {
        var message = members[0]
        guard members.count > 1, let last = members.last else { return message }
        message.notification.grouped = members.dropFirst().map(\.notification)
        message.id += "+\(members.count - 1)-\(last.notification.sequence)"
        return message
    }

    /// How much longer the head waits for others, milliseconds; 0 when it is to go out now.
    ///
    /// - Parameter ageMs: since a notification was made.
    static func restMs(_ waiting: [Delivery], waitMs: Int64, ageMs: (Notification) -> Int64) -> Int64 {
        let rests = waiting.map { delivery in
            max(0, longestWaitMs(delivery.notification, waitMs: waitMs) - max(0, ageMs(delivery.notification)))
        }
        return rests.min() ?? 0
    }

    private static func longestWaitMs(_ notification: Notification, waitMs: Int64) -> Int64 {
        if Severity(notification) == .critical || notification.isUnmutable { return 0 }
        return notification.event == .rollbackIntended ? min(waitMs, rollbackWaitMs) : waitMs
    }
}

extension Notification {
    /// They may be one message.
    fileprivate func isLike(_ other: Notification) -> Bool {
        event == other.event && isDryRun == other.isDryRun
    }
}
