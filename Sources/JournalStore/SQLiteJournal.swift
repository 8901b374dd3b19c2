import Foundation
import GRDB
package import Model
package import Ports

/// The journal and the outbox in one SQLite file, `journal.sqlite` in the state folder.
///
/// A batch is one transaction, and a transaction is on the disk before `append` returns: write-ahead log with
/// `synchronous=FULL` (SQLite manual, "PRAGMA synchronous"). One process at a time: a second one is refused.
package struct SQLiteJournal: Journal {
    /// Eight hexadecimal digits, drawn when the file was made. Part of every delivery id, so that a journal that was
    /// wiped does not give out ids that receivers have seen.
    package let identity: String
    private let path: String
    private let database: DatabasePool
    private let people: DatabaseQueue
    private let lock: FolderLock
    private let folder: StateFolder
    private let place: FilePlace?
    /// What was changed, or should be, about the rights of the folder and its files; for the log.
    package var folderNotes: [String] { folder.notes }

    /// Opens the folder's journal, and makes both where they are missing.
    ///
    /// - Throws: ``JournalError``: the folder cannot be made or written, another process has it, the file is not ours
    ///   or a newer version wrote it.
    package init(directory: String) throws(JournalError) {
        let folder = try StateFolder(directory)
        try self.init(directory: directory, folder: folder, lock: try FolderLock(directory: directory))
    }

    init(directory: String, folder: StateFolder, lock: FolderLock) throws(JournalError) {
        path = directory + "/journal.sqlite"
        self.folder = folder
        self.lock = lock
        database = try JournalSchema.open(path)
        people = try JournalSchema.openForPeople(path)
        place = FilePlace(path: path)
        identity = try Self.run(path) { [database] in try database.read(JournalSchema.identity) }
    }

    /// The absolute path of a file in a state folder, which need not exist.
    package static func path(of file: String, in directory: String) -> String {
        URL(fileURLWithPath: directory).standardizedFileURL.path + "/" + file
    }

    /// Why the open file is not the one in the state folder any more; nil while it is. Nothing that is written then outlasts
    /// the process.
    package var placeProblem: JournalError? {
        place?.problem.map { JournalError.unwritable(path: path, reason: $0) }
    }

    package func append(_ batch: JournalBatch) async throws(JournalError) {
        if let placeProblem { throw placeProblem }
        try await write { database in
            for entry in batch.entries { try EntryRow.insert(entry, database) }
            for delivery in batch.deliveries {
                try OutboxRow.insert(delivery, atWallMs: batch.entries.first?.wallMs ?? 0, database)
            }
        }
    }

    package func records() async throws(JournalError) -> [JournalEntry] {
        try await read(EntryRow.restoring)
    }

    /// Of the newest entry; 0 for an empty journal.
    package func lastSequence() async throws(JournalError) -> UInt64 {
        let last = try await read { try Int64.fetchOne($0, sql: "SELECT MAX(sequence) FROM entries") }
        return UInt64(clamping: last ?? 0)
    }

    package func entries(incident: String) async throws(JournalError) -> [JournalEntry] {
        try await readForPeople { try EntryRow.of(incident: incident, $0) }
    }

    package func prune(beforeWallMs: Int64) async throws(JournalError) {
        try await prune({ try Pruning.oldEntries(beforeWallMs: beforeWallMs, $0) }, Pruning.removeEntries)
        try await prune({ try Pruning.oldDeliveries(beforeWallMs: beforeWallMs, $0) }, Pruning.removeDeliveries)
    }

    /// Returns when nothing old is left, or when the task is cancelled.
    private func prune(
        _ lookUp: @Sendable @escaping (Database) throws -> [Int64],
        _ remove: @Sendable @escaping (ArraySlice<Int64>, Database) throws -> Void
    ) async throws(JournalError) {
        while !Task.isCancelled {
            let old = try await read(lookUp)
            for start in stride(from: 0, to: old.count, by: Pruning.sliceRows) {
                let slice = old[start..<min(start + Pruning.sliceRows, old.count)]
                try await write { try remove(slice, $0) }
                do { try await Task.sleep(for: .milliseconds(Pruning.pauseMs)) } catch { return }
            }
            if old.count < Pruning.batchRows / 2 { return }
        }
    }

    @discardableResult
    func write<Value: Sendable>(
        _ body: @Sendable @escaping (Database) throws -> Value
    ) async throws(JournalError) -> Value {
        do { return try await database.write(body) } catch { throw JournalError(error, path: path) }
    }

    func read<Value: Sendable>(
        _ body: @Sendable @escaping (Database) throws -> Value
    ) async throws(JournalError) -> Value {
        do { return try await database.read(body) } catch { throw JournalError(error, path: path) }
    }

    /// For the API: on a connection of its own, which waits for other reads at most.
    func readForPeople<Value: Sendable>(
        _ body: @Sendable @escaping (Database) throws -> Value
    ) async throws(JournalError) -> Value {
        do { return try await people.read(body) } catch { throw JournalError(error, path: path) }
    }

    static func run<Value>(_ path: String, _ body: () throws -> Value) throws(JournalError) -> Value {
        do { return try body() } catch { throw JournalError(error, path: path) }
    }

    /// What the running connection says, for the test that the journal is durable: 2 is FULL.
    func synchronousLevel() throws -> Int {
        try database.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1 }
    }

    func journalMode() throws -> String {
        try database.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA journal_mode") ?? "" }
    }
}

extension JournalError {
    /// Sorts SQLite's codes: what may pass (a full disk) from what will not (a foreign file).
    init(_ error: any Error, path: String) {
        if let known = error as? JournalError {
            self = known
            return
        }
        guard let failure = error as? DatabaseError else {
            self = .damaged(path: path, reason: "\(error)")
            return
        }
        let reason = failure.message ?? "SQLite says \(failure.resultCode)"
        switch failure.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(path: path, reason: reason)
        default: self = .unwritable(path: path, reason: reason)
        }
    }
}
