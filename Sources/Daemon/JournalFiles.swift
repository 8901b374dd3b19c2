import Foundation
import JournalStore
package import Model
package import Ports

/// Opens the journals of state folders.
package protocol JournalFiles: Sendable {
    /// Opens the folder's journal for writing; makes both where they are missing.
    ///
    /// - Throws: ``JournalError``; after `unwritable`, ``openUnwritable(_:)`` reads what can be read.
    func open(_ directory: String) throws(JournalError) -> any JournalFile
    /// Takes a folder whose journal cannot be written now.
    ///
    /// - Throws: ``JournalError`` for what does not pass by itself.
    func openUnwritable(_ directory: String) throws(JournalError) -> any ClosedJournal
    /// Removes a folder with everything in it; a folder that is not there is no error.
    func remove(_ directory: String)
}

/// The journal of a state folder, open for writing.
package protocol JournalFile: Journal {
    /// Part of every delivery's id; differs between journals.
    var identity: String { get }
    /// About the rights of the folder and its files, for the log.
    var folderNotes: [String] { get }
    /// Why the open file is not the one in the folder any more; nil while it is.
    var placeProblem: JournalError? { get }

    /// Of the newest entry; 0 for an empty journal.
    func lastSequence() async throws(JournalError) -> UInt64
}

/// A journal that could not be opened for writing.
package protocol ClosedJournal: Sendable {
    /// Nil when there is no journal yet, or when it cannot be read either.
    var memory: JournalMemory? { get }
    /// Why there is no memory.
    var readProblem: JournalError? { get }

    /// - Throws: ``JournalError``: it still cannot be opened.
    func reopen() throws(JournalError) -> any JournalFile
}

/// What was read of a journal that cannot be written.
package struct JournalMemory: Sendable {
    package let identity: String
    package let entries: [JournalEntry]
    /// Undelivered, in their order.
    package let waiting: [Delivery]

    package init(identity: String, entries: [JournalEntry], waiting: [Delivery]) {
        self.identity = identity
        self.entries = entries
        self.waiting = waiting
    }
}

/// Journals as SQLite files.
struct SQLiteJournalFiles: JournalFiles {
    func open(_ directory: String) throws(JournalError) -> any JournalFile { try SQLiteJournal(directory: directory) }

    func openUnwritable(_ directory: String) throws(JournalError) -> any ClosedJournal {
        Closed(journal: try UnwritableJournal(directory: directory))
    }

    func remove(_ directory: String) { try? FileManager.default.removeItem(atPath: directory) }

    private struct Closed: ClosedJournal {
        let journal: UnwritableJournal

        var memory: JournalMemory? {
            journal.memory.map { JournalMemory(identity: $0.identity, entries: $0.entries, waiting: $0.waiting) }
        }

        var readProblem: JournalError? { journal.readProblem }

        func reopen() throws(JournalError) -> any JournalFile { try journal.reopen() }
    }
}

extension SQLiteJournal: JournalFile {}
