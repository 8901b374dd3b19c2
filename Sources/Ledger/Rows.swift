import GRDB
import LedgerFormat
import ReleaseKernel

/// A journal entry as a row. The event is JSON; what is searched for stands in columns of its own.
enum EntryRow {
    /// A sequence that is there already stays as it is, so that a batch may be tried again.
    static func insert(_ entry: JournalEntry, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                Int64(clamping: entry.sequence), entry.wallMs, entry.release, entry.incident, entry.event.word,
                try RecordFormat.encode(entry.event),
            ])
        // Evidence is written many times in a release, and only the newest is ever read.
        guard case .evidence = entry.event else { return }
        try database.execute(
            sql: "DELETE FROM entries WHERE release = ? AND kind = 'evidence' AND sequence < ?",
            arguments: [entry.release, Int64(clamping: entry.sequence)])
    }

    static func all(_ database: Database) throws -> [JournalEntry] {
        try Row.fetchAll(database, sql: "SELECT * FROM entries ORDER BY sequence").map(entry)
    }

    /// Oldest first.
    static func of(incident: String, _ database: Database) throws -> [JournalEntry] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM entries WHERE incident = ? ORDER BY sequence", arguments: [incident]
        ).map(entry)
    }

    private static func entry(_ row: Row) throws -> JournalEntry {
        let sequence: Int64 = row["sequence"]
        return JournalEntry(
            sequence: UInt64(clamping: sequence), wallMs: row["wall_ms"], release: row["release"],
            incident: row["incident"], event: try RecordFormat.event(row["event"], what: "entry \(sequence)"))
    }
}

/// A delivery on its way as a row.
enum OutboxRow {
    static func insert(_ delivery: Delivery, atWallMs: Int64, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR IGNORE INTO outbox (id, receiver, notification, next_try_ms) VALUES (?, ?, ?, ?)",
            arguments: [delivery.id, delivery.receiver, try RecordFormat.encode(delivery.notification), atWallMs])
    }

    static func due(nowWallMs: Int64, limit: Int, _ database: Database) throws -> [Delivery] {
        try Row.fetchAll(
            database,
            sql: "SELECT * FROM outbox WHERE state = 'waiting' AND next_try_ms <= ? ORDER BY number LIMIT ?",
            arguments: [nowWallMs, limit]
        ).map { row in
            let tries: Int = row["tries"]
            return try delivery(row, attempt: tries + 1)
        }
    }

    /// Newest first.
    static func dead(limit: Int, _ database: Database) throws -> [DeadLetter] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM outbox WHERE state = 'dead' ORDER BY settled_ms DESC, number DESC LIMIT ?",
            arguments: [limit]
        ).map { row in
            DeadLetter(
                delivery: try delivery(row, attempt: row["tries"]), reason: row["reason"],
                atWallMs: row["settled_ms"] ?? 0)
        }
    }

    static func counts(_ database: Database) throws -> OutboxCounts {
        var counts = OutboxCounts()
        for row in try Row.fetchAll(database, sql: "SELECT state, COUNT(*) AS rows FROM outbox GROUP BY state") {
            let state: String = row["state"]
            switch state {
            case "waiting": counts.waiting = row["rows"]
            case "dead": counts.dead = row["rows"]
            default: counts.delivered = row["rows"]
            }
        }
        return counts
    }

    private static func delivery(_ row: Row, attempt: Int) throws -> Delivery {
        let id: String = row["id"]
        return Delivery(
            id: id, receiver: row["receiver"],
            notification: try RecordFormat.notification(row["notification"], what: "delivery \(id)"), attempt: attempt)
    }
}
