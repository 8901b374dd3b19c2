import Model

/// The journal's disk: a log of commits in the journal's own record format. A commit is durable as a whole or not there
/// at all, because what a crash tore apart does not carry the checksum of the whole (SQLite manual, "Write-Ahead
/// Logging", and the file format, section 4.1).
struct VirtualDisk {
    enum Mood: String, CaseIterable {
        case works
        case slow
        case full
        case readOnly
    }

    let identity = "virtual"
    var mood = Mood.works
    private var commits: [Commit] = []
    /// What is durable, as it was handed over.
    private(set) var entries: [JournalEntry] = []
    private(set) var outbox: [Waiting] = []

    var canWrite: Bool { mood == .works || mood == .slow }

    var problem: String { mood == .full ? "no space left on the device" : "read-only file system" }

    mutating func append(_ batch: JournalBatch, atMs now: Int64) {
        commits.append(Commit(batch))
        let last = entries.last?.sequence ?? 0
        entries += batch.entries.filter { $0.sequence > last }
        for delivery in batch.deliveries where !outbox.contains(where: { $0.delivery.id == delivery.id }) {
            outbox.append(Waiting(delivery: delivery, addedMs: now, nextTryMs: now))
        }
    }

    /// The power goes while the commit is written: its beginning is there, its end is not.
    mutating func tear(_ batch: JournalBatch, keptPerMille: Int) {
        commits.append(Commit(batch).torn(keptPerMille: keptPerMille))
    }

    /// What a restart reads: the whole commits up to the first one that is torn, which is cut off for good.
    ///
    /// - Parameter trusting: a planted bug: takes every record that can be read, whatever the checksums say.
    mutating func recover(trusting: Bool = false) -> [JournalEntry] {
        if trusting {
            return commits.flatMap { $0.entries(skippingUnreadable: true) }
        }
        if let torn = commits.firstIndex(where: { !$0.isWhole }) { commits.removeSubrange(torn...) }
        return commits.flatMap { $0.entries(skippingUnreadable: false) }
    }

    /// A disk that lied loses what it said it had.
    mutating func lose(lastCommits count: Int) {
        commits.removeLast(min(count, commits.count))
        entries = commits.flatMap { $0.entries(skippingUnreadable: false) }
        let last = entries.last?.sequence ?? 0
        outbox.removeAll { $0.delivery.notification.sequence > last }
    }
}

/// The outbox's table.
extension VirtualDisk {
    struct Waiting {
        var delivery: Delivery
        let addedMs: Int64
        var nextTryMs: Int64
        var state = State.waiting
    }

    enum State {
        case waiting
        case delivered
        case dead
    }

    /// The first delivery of a receiver that is due; what never failed goes first.
    func due(receiver: String, atMs now: Int64) -> Int? {
        let due = outbox.indices.filter {
            outbox[$0].state == .waiting && outbox[$0].delivery.receiver == receiver && outbox[$0].nextTryMs <= now
        }
        return due.first { outbox[$0].delivery.attempt == 1 } ?? due.first
    }

    mutating func retry(_ id: String, atMs next: Int64) {
        guard canWrite, let index = outbox.firstIndex(where: { $0.delivery.id == id }) else { return }
        outbox[index].delivery.attempt += 1
        outbox[index].nextTryMs = next
    }

    /// False when it could not be written.
    mutating func settle(_ id: String, _ state: State) -> Bool {
        guard canWrite else { return false }
        if let index = outbox.firstIndex(where: { $0.delivery.id == id }) { outbox[index].state = state }
        return true
    }
}
