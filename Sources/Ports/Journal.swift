public import Model

/// The durable memory: journal records and the outbox, in one transaction. JournalStore implements it.
public protocol Journal: Outbox {
    /// Makes the batch durable (fsync) before it returns. Appending a sequence that is already there is a no-op, so a
    /// batch may be tried again.
    func append(_ batch: JournalBatch) async throws(JournalError)
    /// All records that are needed to restore the kernel, in the order of their sequence. One that cannot be read is there
    /// as `unreadable`, in its place.
    func records() async throws(JournalError) -> [JournalEntry]
    /// Entries of one incident, oldest first; empty for an unknown one. For the API and the command line: it delays no
    /// entry.
    func entries(incident: String) async throws(JournalError) -> [JournalEntry]
    /// Removes closed incidents' records and settled deliveries older than that; never what restores a latch or an open
    /// incident.
    func prune(beforeWallMs: Int64) async throws(JournalError)
}

/// Why the journal cannot be used.
public enum JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Full disk, read-only, no permission: the text says which and where. It may pass.
    case unwritable(path: String, reason: String)
    /// Another process has the state folder.
    case inUse(path: String)
    /// The file is not ours, or it cannot be read.
    case damaged(path: String, reason: String)
    /// A newer version of the program wrote the file; versions of the file's schema. Nothing was changed.
    case newer(path: String, found: Int, known: Int)

    public var description: String {
        switch self {
        case .unwritable(let path, let reason): "cannot write the journal \(path): \(reason)"
        case .inUse(let path):
            "cannot write the journal \(path): another rollguard uses this state folder; stop it, or set another `state`"
        case .damaged(let path, let reason): "the journal \(path) is damaged: \(reason)"
        case .newer(let path, let found, let known):
            "the journal \(path) was written by a newer rollguard (schema version \(found), this program knows \(known));"
                + " start the newer version, restore a backup that this version wrote, or set another `state`"
        }
    }
}
