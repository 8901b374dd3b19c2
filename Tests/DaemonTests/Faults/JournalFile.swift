import Foundation
import GRDB
import JournalFormat
import Model

/// The daemon's journal, read from outside with SQLite: the file's content against the daemon's answers.
struct JournalFile: Sendable {
    /// An entry as it is in the file.
    struct Row: Sendable, Equatable {
        let sequence: Int64
        let wallMs: Int64
        let release: String
        let incident: String?
        let kind: String
        /// JSON.
        let event: String

        fileprivate init(_ row: GRDB.Row) {
            (sequence, wallMs) = (row["sequence"], row["wall_ms"])
            (release, incident) = (row["release"], row["incident"])
            (kind, event) = (row["kind"], row["event"])
        }

        func decoded() throws -> JournalEvent { try RecordFormat.event(event, what: "entry \(sequence)") }
    }

    /// What was found after a kill.
    struct Picture: Sendable {
        var rows: [Row] = []
        /// Delivery ids and their states, in the outbox's order.
        var outbox: [(id: String, state: String)] = []
        /// SQLite's own answer: `ok`.
        var integrity = "ok"
    }

    let folder: URL

    private var path: String { folder.appendingPathComponent("journal.sqlite").path }

    // MARK: Beside a living daemon

    /// The newest of the entries of these kinds; nil when there is none, or no journal yet.
    func newest(of kinds: [String]) throws -> Row? {
        try live { database in
            let marks = kinds.map { "'\($0)'" }.joined(separator: ",")
            return try GRDB.Row.fetchOne(
                database, sql: "SELECT * FROM entries WHERE kind IN (\(marks)) ORDER BY sequence DESC LIMIT 1"
            ).map(Row.init)
        }
    }

    func entry(_ sequence: Int64) throws -> Row? {
        try live { database in
            try GRDB.Row.fetchOne(database, sql: "SELECT * FROM entries WHERE sequence = ?", arguments: [sequence])
                .map(Row.init)
        }
    }

    func holdsDelivery(_ id: String) throws -> Bool {
        try live { try Bool.fetchOne($0, sql: "SELECT COUNT(*) > 0 FROM outbox WHERE id = ?", arguments: [id]) }
            ?? false
    }

    func waitingDeliveries() throws -> Int {
        try live { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM outbox WHERE state = 'waiting'") } ?? 0
    }

    func lastSequence() throws -> Int64 {
        try live { try Int64.fetchOne($0, sql: "SELECT MAX(sequence) FROM entries") } ?? 0
    }

    /// A connection of its own for each read, read-only: a second one that stays open would change what a restart
    /// finds.
    private func live<Value>(_ body: (Database) throws -> Value?) throws -> Value? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        return try queue.read { database in try Self.hasTables(database) ? try body(database) : nil }
    }

    // MARK: After a kill

    /// Opens a copy of what the dead daemon left, as a restart would, and checks all of it. The daemon's own files stay
    /// untouched, so that the next daemon has to repair them itself.
    func afterKill() throws -> Picture {
        let copy = folder.deletingLastPathComponent().appendingPathComponent("copy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: copy) }
        for name in ["journal.sqlite", "journal.sqlite-wal"] {
            let file = folder.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: file.path) else { continue }
            try FileManager.default.copyItem(at: file, to: copy.appendingPathComponent(name))
        }
        let copied = copy.appendingPathComponent("journal.sqlite").path
        guard FileManager.default.fileExists(atPath: copied) else { return Picture() }
        let queue = try DatabaseQueue(path: copied)
        defer { try? queue.close() }
        return try queue.read(Self.picture)
    }

    private static func picture(_ database: Database) throws -> Picture {
        var picture = Picture()
        picture.integrity = try String.fetchOne(database, sql: "PRAGMA integrity_check") ?? "no answer"
        guard try hasTables(database) else { return picture }
        picture.rows = try GRDB.Row.fetchAll(database, sql: "SELECT * FROM entries ORDER BY sequence").map(Row.init)
        picture.outbox = try GRDB.Row.fetchAll(database, sql: "SELECT id, state FROM outbox ORDER BY number").map {
            ($0["id"], $0["state"])
        }
        return picture
    }

    /// The first daemon may die before it has made them.
    private static func hasTables(_ database: Database) throws -> Bool {
        try database.tableExists("entries") && database.tableExists("outbox")
    }
}
