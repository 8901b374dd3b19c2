import Foundation
import GRDB
import Ports

/// The tables, and how an older file becomes a newer one.
///
/// The file's version is the number of its last migration; since version 4 it is also the file's `user_version`. A program
/// that does not know a file's version refuses it without changing anything.
enum JournalSchema {
    /// What this program writes, and the newest that it reads.
    static let version = 5

    /// The connections of the daemon's own work: one that writes, and some that read beside it, so that a lookup never
    /// holds up an entry.
    static func open(_ path: String) throws(JournalError) -> DatabasePool {
        try SQLiteJournal.run(path) {
            // First, because opening for writing already changes the file.
            try refuseNewer(path)
            var configuration = Configuration()
            configuration.journalMode = .wal
            configuration.busyMode = .timeout(2)
            configuration.label = "journal"
            configuration.maximumReaderCount = 2
            let database = try DatabasePool(path: path, configuration: configuration)
            // In WAL mode GRDB itself asks for NORMAL, with which a power cut may lose the last commits.
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try migrator.migrate(database)
            return database
        }
    }

    /// The one connection for the reads of people: they wait for each other here, and for nothing else.
    static func openForPeople(_ path: String) throws(JournalError) -> DatabaseQueue {
        try SQLiteJournal.run(path) {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(2)
            configuration.label = "journal.people"
            return try DatabaseQueue(path: path, configuration: configuration)
        }
    }

    /// On a connection that only reads. A file that is empty was just made.
    private static func refuseNewer(_ path: String) throws {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard attributes?[.size] as? Int ?? 0 > 0 else { return }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(2)
        configuration.label = "journal.version"
        let database = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? database.close() }
        try database.read { try refuseNewer($0, path: path) }
    }

    /// - Throws: ``JournalError/newer(path:found:known:)``.
    static func refuseNewer(_ database: Database, path: String) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard try found <= version && !migrator.hasBeenSuperseded(database) else {
            throw JournalError.newer(path: path, found: max(found, version + 1), known: version)
        }
    }

    static func identity(_ database: Database) throws -> String {
        try String.fetchOne(database, sql: "SELECT value FROM meta WHERE key = 'identity'") ?? ""
    }

    /// Eight hexadecimal digits, drawn at random.
    static func renewIdentity(_ database: Database) throws {
        let digits = String(UInt32.random(in: .min ... .max), radix: 16)
        try database.execute(
            sql: "INSERT OR REPLACE INTO meta VALUES ('identity', ?)",
            arguments: [String(repeating: "0", count: 8 - digits.count) + digits])
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: entries and outbox") { database in
            try database.execute(
                sql: """
                    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
                    CREATE TABLE entries (
                        sequence INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL, release TEXT NOT NULL, incident TEXT,
                        kind TEXT NOT NULL, event TEXT NOT NULL);
                    CREATE INDEX entries_of_incident ON entries (incident);
                    CREATE TABLE outbox (
                        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, receiver TEXT NOT NULL,
                        notification TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting',
                        tries INTEGER NOT NULL DEFAULT 0, next_try_ms INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT '',
                        settled_ms INTEGER);
                    CREATE INDEX outbox_waiting ON outbox (state, next_try_ms);
                    """)
            try renewIdentity(database)
        }
        migrator.registerMigration("2: indexes for look-ups and pruning") { database in
            try database.execute(
                sql: """
                    CREATE INDEX entries_of_kind ON entries (release, kind);
                    CREATE INDEX entries_by_age ON entries (release, wall_ms);
                    CREATE INDEX outbox_settled ON outbox (state, settled_ms);
                    """)
        }
        migrator.registerMigration("3: one queue per receiver") { database in
            try database.execute(
                sql: """
                    DROP INDEX outbox_waiting;
                    CREATE INDEX outbox_queues ON outbox (state, receiver, number);
                    """)
        }
        // The tables are the same; older programs would take the records, which have a version now, for damaged ones.
        migrator.registerMigration("4: records have a version") { database in
            try database.execute(sql: "PRAGMA user_version = 4")
        }
        // The tables are the same; an older program would skip the entries of rollouts, and raise or lower nothing of them.
        migrator.registerMigration("5: entries of rollouts") { database in
            try database.execute(sql: "PRAGMA user_version = \(version)")
        }
        return migrator
    }
}
