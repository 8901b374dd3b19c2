import Model
import Ports

/// The journal's disk: a log of commits in the journal's own record format. A commit is durable as a whole or not there
/// at all, because what a crash tore apart does not carry the checksum of the whole (SQLite manual, "Write-Ahead
/// Logging", and the file format, section 4.1).
///
/// Used on the world's thread alone.
final class VirtualDisk: @unchecked Sendable {
    enum Mood: String, CaseIterable {
        case works
        case slow
        case full
        case readOnly
    }

    /// Differs between the files that were made.
    var identity: String { "virtual" + (files > 0 ? "\(files)" : "") }
    private var files = 0
    var mood = Mood.works
    private var commits: [Commit] = []
    /// What is durable, as it was handed over.
    private(set) var entries: [JournalEntry] = []
    private(set) var outbox: [Waiting] = []

    var canWrite: Bool { mood == .works || mood == .slow }

    var problem: String { mood == .full ? "no space left on the device" : "read-only file system" }

    func append(_ batch: JournalBatch, atMs now: Int64) {
        commits.append(Commit(batch))
        let last = entries.last?.sequence ?? 0
        entries += batch.entries.filter { $0.sequence > last }
        for delivery in batch.deliveries where !outbox.contains(where: { $0.delivery.id == delivery.id }) {
            outbox.append(Waiting(delivery: delivery, addedMs: now, nextTryMs: now))
        }
    }

    /// The power goes while the commit is written: its beginning is there, its end is not.
    func tear(_ batch: JournalBatch, keptPerMille: Int) {
        commits.append(Commit(batch).torn(keptPerMille: keptPerMille))
    }

    /// What a restart reads: the whole commits up to the first one that is torn, which is cut off for good.
    ///
    /// - Parameter trusting: a planted bug: takes every record that can be read, whatever the checksums say.
    func recover(trusting: Bool = false) -> [JournalEntry] {
        if trusting {
            return commits.flatMap { $0.entries(skippingUnreadable: true) }
        }
        if let torn = commits.firstIndex(where: { !$0.isWhole }) { commits.removeSubrange(torn...) }
        return commits.flatMap { $0.entries(skippingUnreadable: false) }
    }

    /// The file is removed; the next one is empty.
    func erase() {
        (commits, entries, outbox) = ([], [], [])
        files += 1
    }

    /// A disk that lied loses what it said it had.
    func lose(lastCommits count: Int) {
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
        var reason = ""
        var settledWallMs: Int64 = 0
    }

    enum State {
        case waiting
        case delivered
        case dead
        case dropped
    }

    var receiversWaiting: [String] {
        var names: [String] = []
        for row in outbox where row.state == .waiting && !names.contains(row.delivery.receiver) {
            names.append(row.delivery.receiver)
        }
        return names.sorted()
    }

    /// The oldest undelivered row of a receiver.
    func head(receiver: String, passing: Set<String>) -> WaitingDelivery? {
        outbox.first {
            $0.state == .waiting && $0.delivery.receiver == receiver && !passing.contains($0.delivery.id)
        }.map { WaitingDelivery(delivery: $0.delivery, nextTryWallMs: $0.nextTryMs, reason: $0.reason) }
    }

    func retry(_ id: String, reason: String, atWallMs next: Int64) {
        guard let index = outbox.firstIndex(where: { $0.delivery.id == id && $0.state == .waiting }) else { return }
        outbox[index].delivery.attempt += 1
        outbox[index].nextTryMs = next
        outbox[index].reason = reason
    }

    func settle(_ id: String, _ state: State, atWallMs now: Int64) {
        guard let index = outbox.firstIndex(where: { $0.delivery.id == id && $0.state == .waiting }) else { return }
        outbox[index].state = state
        outbox[index].settledWallMs = now
    }

    func resend(_ choice: DeliveryChoice) -> Int {
        let chosen = outbox.indices.filter { outbox[$0].state == .dead && outbox[$0].isMeant(by: choice) }
        for index in chosen { outbox[index].state = .waiting }
        return chosen.count
    }

    func drop(_ choice: DeliveryChoice, limit: Int) -> Int {
        let chosen = outbox.indices.filter {
            (outbox[$0].state == .dead || outbox[$0].state == .waiting) && outbox[$0].isMeant(by: choice)
        }.prefix(limit)
        for index in chosen { outbox[index].state = .dropped }
        return chosen.count
    }

    /// Removes settled rows. Which entries restore nothing, the real journal's own tests decide: here all of them stay.
    func prune(beforeWallMs limit: Int64) {
        outbox.removeAll { ($0.state == .delivered || $0.state == .dead) && $0.settledWallMs < limit }
    }

    var counts: OutboxCounts {
        OutboxCounts(
            waiting: outbox.count { $0.state == .waiting }, dead: outbox.count { $0.state == .dead },
            delivered: outbox.count { $0.state == .delivered })
    }

    var queues: [ReceiverQueue] {
        Set(outbox.map(\.delivery.receiver)).sorted().compactMap { name in
            let rows = outbox.filter { $0.delivery.receiver == name }
            let (waiting, dead) = (rows.count { $0.state == .waiting }, rows.count { $0.state == .dead })
            guard waiting + dead > 0 else { return nil }
            return ReceiverQueue(
                receiver: name, waiting: waiting, dead: dead, head: head(receiver: name, passing: []))
        }
    }

    /// Newest first.
    func deadLetters(limit: Int) -> [DeadLetter] {
        outbox.filter { $0.state == .dead }.suffix(limit).reversed().map {
            DeadLetter(delivery: $0.delivery, reason: $0.reason, atWallMs: $0.settledWallMs)
        }
    }
}

extension VirtualDisk.Waiting {
    fileprivate func isMeant(by choice: DeliveryChoice) -> Bool {
        switch choice {
        case .id(let id): delivery.id == id
        case .receiver(let name): delivery.receiver == name
        }
    }
}
