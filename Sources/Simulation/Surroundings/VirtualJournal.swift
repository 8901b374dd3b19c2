import Daemon
import Model
import Ports

/// Opens the journals on the world's disk.
struct VirtualJournals: JournalFiles {
    let storage: JournalStorage
    let life: Int

    static let directory = "/virtual"
    private static let dryRun = directory + "/dry-run"

    /// Of a dry run, the folder's own journal is another one; nothing ever writes to it.
    private func isInherited(_ directory: String) -> Bool { storage.isDryRun && directory != Self.dryRun }

    func open(_ directory: String) throws(JournalError) -> any JournalFile {
        let journal = VirtualJournal(storage: storage, life: life, isInherited: isInherited(directory))
        guard storage.disk.mood == .readOnly else { return journal }
        storage.process.life?.isDiskFailing = true
        throw journal.refusal
    }

    func openUnwritable(_ directory: String) throws(JournalError) -> any ClosedJournal {
        let journal = VirtualJournal(storage: storage, life: life, isInherited: isInherited(directory))
        let waiting = journal.disk.outbox.filter { $0.state == .waiting }.map(\.delivery)
        let memory = JournalMemory(identity: journal.identity, entries: journal.recovered, waiting: waiting)
        return Closed(journal: journal, memory: memory)
    }

    func remove(_ directory: String) { if !isInherited(directory) { storage.disk.erase() } }

    private struct Closed: ClosedJournal {
        let journal: VirtualJournal
        let memory: JournalMemory?

        var readProblem: JournalError? { nil }

        func reopen() throws(JournalError) -> any JournalFile {
            guard journal.storage.disk.canWrite else { throw journal.refusal }
            return journal
        }
    }
}

/// The journal's file on the world's disk. Writes take virtual time and fail as the disk's mood says; reads take none.
struct VirtualJournal: JournalFile {
    let storage: JournalStorage
    let life: Int
    let isInherited: Bool

    var disk: VirtualDisk { isInherited ? storage.inheritedDisk : storage.disk }

    var identity: String { disk.identity }
    var folderNotes: [String] { [] }
    var placeProblem: JournalError? { nil }

    /// What the disk says when it takes nothing.
    var refusal: JournalError {
        .unwritable(path: VirtualJournals.directory + "/journal.sqlite", reason: storage.disk.problem)
    }

    func append(_ batch: JournalBatch) async throws(JournalError) {
        guard await storage.write(batch, life: life) else { throw refusal }
    }

    /// What a start reads.
    var recovered: [JournalEntry] {
        let read = disk.recover(trusting: storage.bug == .tornRecordIsRead)
        storage.checks.readBack(read, written: disk.entries)
        return storage.remembered(of: read)
    }

    func records() async throws(JournalError) -> [JournalEntry] { recovered }

    func lastSequence() async throws(JournalError) -> UInt64 { disk.entries.last?.sequence ?? 0 }

    func entries(incident: String) async throws(JournalError) -> [JournalEntry] {
        disk.entries.filter { $0.incident == incident }
    }

    func prune(beforeWallMs: Int64) async throws(JournalError) {
        guard await commit({ $0.prune(beforeWallMs: beforeWallMs) }) else { throw refusal }
    }

    /// Changes the file, if the disk takes it and the process lives.
    private func commit(_ body: (VirtualDisk) -> Void) async -> Bool {
        guard await storage.process.pause(ms: 1, life: life), storage.process.isAlive(life), storage.disk.canWrite
        else { return false }
        body(disk)
        storage.process.countDownToCrash()
        return true
    }
}

/// The outbox in the same file.
extension VirtualJournal {
    func receiversWaiting() async throws(JournalError) -> [String] { disk.receiversWaiting }

    func nextDelivery(receiver: String, passing: Set<String>) async throws(JournalError) -> WaitingDelivery? {
        disk.head(receiver: receiver, passing: passing)
    }

    func markDelivered(_ id: String, atWallMs: Int64) async throws(JournalError) {
        try await settle(id, .delivered, atWallMs)
    }

    func markDead(_ id: String, reason: String, atWallMs: Int64) async throws(JournalError) {
        try await settle(id, .dead, atWallMs)
    }

    private func settle(_ id: String, _ state: VirtualDisk.State, _ atWallMs: Int64) async throws(JournalError) {
        if storage.bug == .neverMarkDelivered, state == .delivered {
            _ = await storage.process.pause(ms: 1, life: life)
            return
        }
        guard await commit({ $0.settle(id, state, atWallMs: atWallMs) }) else { throw refusal }
        storage.checks.settled(id)
    }

    func markRetry(_ id: String, reason: String, nextTryWallMs: Int64) async throws(JournalError) {
        guard await commit({ $0.retry(id, reason: reason, atWallMs: nextTryWallMs) }) else { throw refusal }
    }

    func outboxCounts() async throws(JournalError) -> OutboxCounts { disk.counts }

    func queues() async throws(JournalError) -> [ReceiverQueue] { disk.queues }

    func deadLetters(limit: Int) async throws(JournalError) -> [DeadLetter] {
        disk.deadLetters(limit: limit)
    }

    func resend(_ choice: DeliveryChoice) async throws(JournalError) -> Int {
        var count = 0
        guard await commit({ count = $0.resend(choice) }) else { throw refusal }
        return count
    }

    func drop(_ choice: DeliveryChoice, limit: Int, atWallMs: Int64) async throws(JournalError) -> Int {
        var count = 0
        guard await commit({ count = $0.drop(choice, limit: limit) }) else { throw refusal }
        return count
    }
}
