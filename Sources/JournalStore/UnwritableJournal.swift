import GRDB
package import Model
package import Ports

/// A state folder whose journal cannot be opened for writing now (a full disk, a read-only one), and what could be read of
/// it. It keeps the folder's lock, where that could be taken, and opens the journal later.
package struct UnwritableJournal: Sendable {
    /// What was read while the disk took nothing.
    package struct Memory: Sendable {
        package let identity: String
        package let entries: [JournalEntry]
        /// Undelivered, in their order, at most 1 000.
        package let waiting: [Delivery]
    }

    /// Nil when there is no journal yet, or when it cannot be read either.
    package let memory: Memory?
    /// Why there is no memory.
    package let readProblem: JournalError?
    private let directory: String
    private let lock: FolderLock?

    private static let waitingLimit = 1_000

    /// - Throws: ``JournalError`` for what does not pass by itself: another process has the folder, the file is damaged or
    ///   from a newer version.
    package init(directory: String) throws(JournalError) {
        self.directory = directory
        do throws(JournalError) { lock = try FolderLock(directory: directory) } catch {
            guard case .unwritable = error else { throw error }
            lock = nil
        }
        var memory: Memory?
        var readProblem: JournalError?
        do throws(JournalError) { memory = try Self.read(directory + "/journal.sqlite") } catch {
            guard case .unwritable = error else { throw error }
            readProblem = error
        }
        (self.memory, self.readProblem) = (memory, readProblem)
    }

    /// - Throws: ``JournalError``: it still cannot be opened.
    package func reopen() throws(JournalError) -> SQLiteJournal {
        guard let lock else { return try SQLiteJournal(directory: directory) }
        return try SQLiteJournal(directory: directory, folder: try StateFolder(directory), lock: lock)
    }

    /// A connection that has the file for itself keeps the index of the write-ahead log in memory, so it reads on a disk
    /// without space (SQLite manual, "Write-Ahead Logging", section 8).
    private static func read(_ path: String) throws(JournalError) -> Memory {
        try SQLiteJournal.run(path) {
            var configuration = Configuration()
            configuration.label = "journal.unwritable"
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
            let database = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? database.close() }
            return try database.inDatabase { database in
                guard try database.tableExists("meta") else {
                    throw JournalError.unwritable(path: path, reason: "it is empty")
                }
                try JournalSchema.refuseNewer(database, path: path)
                return Memory(
                    identity: try JournalSchema.identity(database), entries: try EntryRow.restoring(database),
                    waiting: try OutboxRow.waiting(limit: waitingLimit, database))
            }
        }
    }
}
