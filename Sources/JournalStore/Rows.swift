import GRDB
import JournalFormat
import Model

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
        // Written many times in a release, and only the newest is ever read.
        switch entry.event {
        case .evidence, .pending: break
        default: return
        }
        try database.execute(
            sql: "DELETE FROM entries WHERE release = ? AND kind = ? AND sequence < ?",
            arguments: [entry.release, entry.event.word, Int64(clamping: entry.sequence)])
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
