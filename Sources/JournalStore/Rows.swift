import GRDB
import JournalFormat
import Model

/// A journal entry as a row. The event is JSON; what is searched for has columns of its own.
enum EntryRow {
    /// A sequence that is there already stays as it is, so that a batch may be tried again.
    static func insert(_ entry: JournalEntry, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                Int64(clamping: entry.sequence), entry.wallMs, entry.release, entry.incident, entry.event.name,
                try RecordFormat.encode(entry.event),
            ])
        guard entry.event.replacesEarlier else { return }
        try database.execute(
            sql: "DELETE FROM entries WHERE release = ? AND kind = ? AND sequence < ?",
            arguments: [entry.release, entry.event.name, Int64(clamping: entry.sequence)])
    }

    /// What a start needs, oldest first.
    static func restoring(_ database: Database) throws -> [JournalEntry] {
        let sequences = try RestoringEntries.sequences(database)
        return try stride(from: 0, to: sequences.count, by: batchRows).flatMap { start in
            let batch = Array(sequences[start..<min(start + batchRows, sequences.count)])
            let marks = repeatElement("?", count: batch.count).joined(separator: ",")
            return try Row.fetchAll(
                database, sql: "SELECT * FROM entries WHERE sequence IN (\(marks)) ORDER BY sequence",
                arguments: StatementArguments(batch)
            ).map(entry)
        }
    }

    /// Rows read by one statement; SQLite takes at most 32 766 arguments.
    private static let batchRows = 500

    /// Oldest first.
    static func of(incident: String, _ database: Database) throws -> [JournalEntry] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM entries WHERE incident = ? ORDER BY sequence", arguments: [incident]
        ).map(entry)
    }

    /// An event that cannot be read does not keep the others from being read.
    static func entry(_ row: Row) -> JournalEntry {
        let sequence: Int64 = row["sequence"]
        let event: JournalEvent
        do throws(UnreadableRecord) {
            // In a damaged row the column may hold bytes that are not text.
            let text = String.fromDatabaseValue(row["event"]) ?? ""
            event = try RecordFormat.event(text, what: "entry \(sequence)")
        } catch {
            event = .unreadable(kind: row["kind"], reason: error.reason)
        }
        return JournalEntry(
            sequence: UInt64(clamping: sequence), wallMs: row["wall_ms"], release: row["release"],
            incident: row["incident"], event: event)
    }
}
