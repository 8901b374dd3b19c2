/// The durable memory: journal records and the outbox, in one transaction. The Ledger room implements it.
public protocol Journal: Sendable {
    /// Makes the batch durable (fsync) before it returns. Appending a sequence that is already there is a no-op, so a
    /// batch may be tried again.
    func append(_ batch: JournalBatch) async throws(JournalError)
    /// All records that are needed to restore the kernel, in the order of their sequence.
    func records() async throws(JournalError) -> [JournalEntry]
    /// Entries of one incident, oldest first; empty for an unknown one. A look-up for people: it holds up no entry.
    func entries(incident: String) async throws(JournalError) -> [JournalEntry]
    /// Undelivered deliveries whose time has come, oldest first, at most `limit`.
    func dueDeliveries(nowWallMs: Int64, limit: Int) async throws(JournalError) -> [Delivery]
    /// When the next undelivered delivery is due, wall clock; nil when there is none.
    func nextDeliveryDueWallMs() async throws(JournalError) -> Int64?
    func markDelivered(_ id: String, atWallMs: Int64) async throws(JournalError)
    /// Notes a failed try and when the next one is due.
    func markRetry(_ id: String, reason: String, nextTryWallMs: Int64) async throws(JournalError)
    func markDead(_ id: String, reason: String, atWallMs: Int64) async throws(JournalError)
    func outboxCounts() async throws(JournalError) -> OutboxCounts
    func deadLetters(limit: Int) async throws(JournalError) -> [DeadLetter]
    /// Removes closed incidents' records and settled deliveries older than that; never what restores a latch or an open
    /// incident.
    func prune(beforeWallMs: Int64) async throws(JournalError)
}

/// What is written at once.
public struct JournalBatch: Sendable, Equatable, Codable {
    /// Rising, without gaps inside a batch.
    public var entries: [JournalEntry]
    public var deliveries: [Delivery]

    public init(entries: [JournalEntry] = [], deliveries: [Delivery] = []) {
        self.entries = entries
        self.deliveries = deliveries
    }
}

public struct OutboxCounts: Sendable, Equatable, Codable {
    public var waiting: Int
    public var dead: Int
    public var delivered: Int

    public init(waiting: Int = 0, dead: Int = 0, delivered: Int = 0) {
        self.waiting = waiting
        self.dead = dead
        self.delivered = delivered
    }
}

/// A delivery that was given up.
public struct DeadLetter: Sendable, Equatable, Codable {
    public var delivery: Delivery
    public var reason: String
    public var atWallMs: Int64

    public init(delivery: Delivery, reason: String, atWallMs: Int64) {
        self.delivery = delivery
        self.reason = reason
        self.atWallMs = atWallMs
    }
}

public enum JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Full disk, read-only, locked by another process: the text says which and where.
    case unwritable(path: String, reason: String)
    /// The file is not ours, or a record cannot be read.
    case damaged(path: String, reason: String)

    public var description: String {
        switch self {
        case .unwritable(let path, let reason): "cannot write the journal \(path): \(reason)"
        case .damaged(let path, let reason): "the journal \(path) is damaged: \(reason)"
        }
    }
}
