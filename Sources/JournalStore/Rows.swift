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
        // In a damaged row a column may hold a value of another type, which GRDB does not convert.
        func text(_ column: String) -> String? { String.fromDatabaseValue(row[column]) }
        let sequence: Int64 = row["sequence"]
        let wallMs = Int64.fromDatabaseValue(row["wall_ms"])
        return JournalEntry(
            sequence: UInt64(clamping: sequence), wallMs: wallMs ?? 0, release: text("release") ?? "",
            incident: text("incident"), event: event(text("event"), text("kind"), sequence, isDated: wallMs != nil))
    }

    private static func event(_ text: String?, _ kind: String?, _ sequence: Int64, isDated: Bool) -> JournalEvent {
        do throws(UnreadableRecord) {
            let event = try RecordFormat.event(text ?? "", what: "entry \(sequence)")
            return isDated ? event : .unreadable(kind: event.name, reason: "its time is not a number")
        } catch {
            return .unreadable(kind: kind ?? "unknown", reason: error.reason)
        }
    }
}
