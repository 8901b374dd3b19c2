import Foundation
import GRDB
package import Ports

#if canImport(Glibc)
import Glibc
#endif

/// A copy of a state folder's journal, made while a daemon may be writing it.
///
/// The copy is the state of one moment: SQLite reads from a snapshot, which neither waits for the daemon's writes nor holds
/// them up (SQLite manual, "VACUUM INTO" and "Write-Ahead Logging"). It is checked whole before it gets its name, so a file
/// with that name is always a complete backup.
package struct JournalBackup: Sendable, Equatable {
    /// Why there is no backup. Whatever was begun is removed.
    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// A file with that name exists, and is never overwritten.
        case exists(path: String)
        /// The state folder has no journal.
        case noJournal(path: String)
        /// The journal cannot be read.
        case unreadable(path: String, reason: String)
        /// A newer version wrote the journal, or it is not one of rollguard's.
        case foreign(JournalError)
        /// The copy cannot be written.
        case unwritable(path: String, reason: String)
        /// The copy was made and is not a valid journal.
        case damaged(path: String, reason: String)

        package var description: String {
            switch self {
            case .exists(let path): "\(path) exists and is not overwritten; choose another name"
            case .noJournal(let path):
                "there is no journal \(path); is this the `state` folder of the daemon's configuration?"
            case .unreadable(let path, let reason): "cannot read the journal \(path): \(reason)"
            case .foreign(let error): "\(error)"
            case .unwritable(let path, let reason): "cannot write the backup \(path): \(reason)"
            case .damaged(let path, let reason): "the journal \(path) is damaged, so no backup was made: \(reason)"
            }
        }
    }

    package let entries: Int
    /// Of the newest entry; 0 without entries.
    package let lastSequence: UInt64
    package let waitingDeliveries: Int
    package let bytes: Int64

    /// Copies the folder's journal to a new file with mode 0600.
    ///
    /// The copy gets an identity of its own: a daemon that continues from it numbers its entries from the copy's last one,
    /// and the ids of its notifications must not repeat those that receivers have already got from the original.
    ///
    /// - Throws: ``Failure``.
    package init(of directory: String, to file: String) throws(Failure) {
        let journal = SQLiteJournal.path(of: "journal.sqlite", in: directory)
        var status = stat()
        guard lstat(file, &status) != 0 else { throw Failure.exists(path: file) }
        guard stat(journal, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else {
                throw Failure.unreadable(path: journal, reason: Self.systemReason())
            }
            throw Failure.noJournal(path: journal)
        }
        let draft = try Self.draft(beside: file)
        defer { for end in ["", "-journal", "-wal", "-shm"] { unlink(draft + end) } }
        try Self.copy(journal, to: draft, for: file)
        (entries, lastSequence, waitingDeliveries) = try Self.complete(draft, of: journal)
        bytes = try Self.publish(draft, as: file)
    }

    /// An empty file that no other user may open.
    private static func draft(beside file: String) throws(Failure) -> String {
        let draft = "\(file).partial-\(UInt32.random(in: .min ... .max))"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure.unwritable(path: file, reason: systemReason()) }
        close(descriptor)
        return draft
    }

    private static func copy(_ journal: String, to draft: String, for file: String) throws(Failure) {
        let source = try opened(journal)
        defer { try? source.close() }
        do { try source.inDatabase { try $0.execute(sql: "VACUUM INTO ?", arguments: [draft]) } } catch {
            if case .damaged(_, let reason) = JournalError(error, path: journal) {
                throw Failure.damaged(path: journal, reason: reason)
            }
            throw Failure.unwritable(path: file, reason: "\((error as? DatabaseError)?.message ?? "\(error)")")
        }
    }

    /// A connection that only reads, to a journal that this version knows.
    private static func opened(_ journal: String) throws(Failure) -> DatabaseQueue {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            configuration.label = "journal.backup"
            let source = try DatabaseQueue(path: journal, configuration: configuration)
            try source.inDatabase { database in
                guard try database.tableExists("meta") && database.tableExists("entries") else {
                    throw JournalError.damaged(path: journal, reason: "it is not a journal of rollguard")
                }
                try JournalSchema.refuseNewer(database, path: journal)
            }
            return source
        } catch {
            switch JournalError(error, path: journal) {
            case .unwritable(let path, let reason): throw Failure.unreadable(path: path, reason: reason)
            case .damaged(let path, let reason): throw Failure.damaged(path: path, reason: reason)
            case let other: throw Failure.foreign(other)
            }
        }
    }

    /// Checks the copy whole and gives it an identity.
    private static func complete(
        _ draft: String, of journal: String
    ) throws(Failure) -> (entries: Int, last: UInt64, waiting: Int) {
        do {
            let copy = try DatabaseQueue(path: draft)
            defer { try? copy.close() }
            return try copy.write { database in
                let verdict = try String.fetchOne(database, sql: "PRAGMA integrity_check") ?? "no answer"
                guard verdict == "ok" else { throw Failure.damaged(path: journal, reason: verdict) }
                try JournalSchema.renewIdentity(database)
                let last = try Int64.fetchOne(database, sql: "SELECT MAX(sequence) FROM entries") ?? 0
                return (
                    try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM entries") ?? 0, UInt64(clamping: last),
                    try OutboxRow.counts(database).waiting
                )
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure.damaged(path: journal, reason: "\(error)")
        }
    }

    /// On the disk first, then under its name; a file that has got that name meanwhile stays.
    private static func publish(_ draft: String, as file: String) throws(Failure) -> Int64 {
        try synchronize(draft, for: file)
        guard link(draft, file) == 0 else {
            if errno == EEXIST { throw Failure.exists(path: file) }
            throw Failure.unwritable(path: file, reason: systemReason())
        }
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
        try synchronize(folder, for: file)
        var status = stat()
        return stat(file, &status) == 0 ? Int64(status.st_size) : 0
    }

    private static func synchronize(_ path: String, for file: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.unwritable(path: file, reason: systemReason()) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Failure.unwritable(path: file, reason: systemReason()) }
    }

    private static func systemReason() -> String { String(cString: strerror(errno)) }
}
