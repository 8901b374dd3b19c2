import GRDB
import JournalFormat
import Model
import Ports

/// A delivery as a row. Its state is `waiting`, `delivered`, `dead` or `dropped`; its number is its place in its
/// receiver's queue.
enum OutboxRow {
    static func insert(_ delivery: Delivery, atWallMs: Int64, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR IGNORE INTO outbox (id, receiver, notification, next_try_ms) VALUES (?, ?, ?, ?)",
            arguments: [delivery.id, delivery.receiver, try RecordFormat.encode(delivery.notification), atWallMs])
    }

    /// Jumps from one receiver's part of the index to the next, so that a queue of thousands costs one step.
    static func receiversWaiting(_ database: Database) throws -> [String] {
        try String.fetchAll(
            database,
            sql: """
                WITH RECURSIVE found(receiver) AS (
                    SELECT MIN(receiver) FROM outbox WHERE state = 'waiting'
                    UNION ALL
                    SELECT (SELECT MIN(receiver) FROM outbox WHERE state = 'waiting' AND receiver > found.receiver)
                    FROM found WHERE found.receiver IS NOT NULL)
                SELECT receiver FROM found WHERE receiver IS NOT NULL
                """)
    }

    enum Head {
        case waiting(WaitingDelivery)
        /// A newer version wrote it, or it was damaged.
        case unreadable(id: String)
    }

    /// - Parameter passing: deliveries that are settled already, although the disk does not say so yet.
    static func head(receiver: String, passing: Set<String> = [], _ database: Database) throws -> Head? {
        let rows = try Row.fetchCursor(
            database, sql: "SELECT * FROM outbox WHERE state = 'waiting' AND receiver = ? ORDER BY number",
            arguments: [receiver])
        while let row = try rows.next() {
            guard !passing.contains(row["id"]) else { continue }
            let tries: Int = row["tries"]
            guard let delivery = delivery(row, attempt: tries + 1) else { return .unreadable(id: row["id"]) }
            return .waiting(
                WaitingDelivery(delivery: delivery, nextTryWallMs: row["next_try_ms"], reason: row["reason"]))
        }
        return nil
    }

    /// Of all receivers, in their order.
    static func waiting(limit: Int, _ database: Database) throws -> [Delivery] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM outbox WHERE state = 'waiting' ORDER BY number LIMIT ?", arguments: [limit]
        ).compactMap { row in
            let tries: Int = row["tries"]
            return delivery(row, attempt: tries + 1)
        }
    }

    static func settle(
        _ id: String, state: String, reason: String, atWallMs: Int64, _ database: Database
    ) throws {
        try database.execute(
            sql: """
                UPDATE outbox SET state = ?, reason = ?, settled_ms = ?, tries = tries + 1
                WHERE id = ? AND state = 'waiting'
                """, arguments: [state, reason, atWallMs, id])
    }

    /// Newest first. A row that cannot be read is not shown.
    static func dead(limit: Int, _ database: Database) throws -> [DeadLetter] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM outbox WHERE state = 'dead' ORDER BY settled_ms DESC, number DESC LIMIT ?",
            arguments: [limit]
        ).compactMap { row in
            delivery(row, attempt: row["tries"]).map {
                DeadLetter(delivery: $0, reason: row["reason"], atWallMs: row["settled_ms"] ?? 0)
            }
        }
    }

    /// Entries whose deliveries are asked for at once.
    static let fateLimit = 300

    /// - Parameter prefixes: the beginnings of delivery ids, which all that belong to an entry have in common. Each costs one
    ///   step in the index of ids.
    static func fates(_ prefixes: [String], _ database: Database) throws -> [DeliveryFate] {
        try prefixes.flatMap { prefix in
            // The character after the hyphen ends the range.
            try Row.fetchAll(
                database, sql: "SELECT * FROM outbox WHERE id > ? AND id < ? ORDER BY number",
                arguments: ["\(prefix)-", "\(prefix)."]
            ).compactMap(fate)
        }
    }

    private static func fate(_ row: Row) -> DeliveryFate? {
        guard let delivery = delivery(row, attempt: row["tries"]),
            let state = DeliveryFate.State(rawValue: row["state"])
        else { return nil }
        return DeliveryFate(
            id: delivery.id, receiver: delivery.receiver, event: delivery.notification.event, state: state,
            attempts: delivery.attempt, reason: row["reason"], settledWallMs: row["settled_ms"])
    }

    static func counts(_ database: Database) throws -> OutboxCounts {
        var counts = OutboxCounts()
        for row in try Row.fetchAll(database, sql: "SELECT state, COUNT(*) AS rows FROM outbox GROUP BY state") {
            let state: String = row["state"]
            switch state {
            case "waiting": counts.waiting = row["rows"]
            case "dead": counts.dead = row["rows"]
            case "delivered": counts.delivered = row["rows"]
            default: break
            }
        }
        return counts
    }

    static func queues(_ database: Database) throws -> [ReceiverQueue] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT receiver, SUM(state = 'waiting') AS waiting, SUM(state = 'dead') AS dead FROM outbox
                WHERE state IN ('waiting', 'dead') GROUP BY receiver ORDER BY receiver
                """)
        return try rows.map { row in
            var queue = ReceiverQueue(receiver: row["receiver"], waiting: row["waiting"], dead: row["dead"])
            if case .waiting(let head)? = try head(receiver: queue.receiver, database) { queue.head = head }
            return queue
        }
    }

    /// The number of attempts is kept: it is part of what a receiver gets.
    static func resend(_ choice: DeliveryChoice, _ database: Database) throws -> Int {
        let (condition, argument) = condition(choice)
        try database.execute(
            sql: """
                UPDATE outbox SET state = 'waiting', next_try_ms = 0, settled_ms = NULL
                WHERE state = 'dead' AND \(condition)
                """, arguments: [argument])
        return database.changesCount
    }

    static func drop(_ choice: DeliveryChoice, limit: Int, atWallMs: Int64, _ database: Database) throws -> Int {
        let (condition, argument) = condition(choice)
        try database.execute(
            sql: """
                UPDATE outbox SET state = 'dropped', settled_ms = ? WHERE number IN (
                    SELECT number FROM outbox WHERE state IN ('waiting', 'dead') AND \(condition)
                    ORDER BY number LIMIT ?)
                """, arguments: [atWallMs, argument, limit])
        return database.changesCount
    }

    private static func condition(_ choice: DeliveryChoice) -> (sql: String, argument: String) {
        switch choice {
        case .id(let id): ("id = ?", id)
        case .receiver(let name): ("receiver = ?", name)
        }
    }

    private static func delivery(_ row: Row, attempt: Int) -> Delivery? {
        let id: String = row["id"]
        // In a damaged row the column may hold bytes that are not text.
        let text = String.fromDatabaseValue(row["notification"]) ?? ""
        let notification = try? RecordFormat.notification(text, what: id)
        return notification.map { Delivery(id: id, receiver: row["receiver"], notification: $0, attempt: attempt) }
    }
}
