import Model
import Ports
import Synchronization
import SystemSupport

/// The journal as the daemon uses it: the file, and memory for as long as the file takes nothing.
///
/// A disk that is full or read-only must neither keep the daemon from starting nor notifications from being sent. While
/// it takes nothing, entries wait in the writer's queue, rollbacks are done after `journal.grace`, and notifications
/// are delivered from memory, with the ids that they will have on the disk. What became of them is written when the
/// disk works again.
final class DegradableJournal: Journal {
    private struct State {
        var disk: (any JournalFile)?
        /// Why the last write failed; nil while the disk takes what it is given.
        var problem: JournalError?
        var unsaved = UnsavedDeliveries()
        var nextOpeningUptimeMs: Int64 = 0
    }

    /// Between two tries to open the file.
    private static let openingPauseMs: Int64 = 500

    let identity: String
    /// The number of the next entry at least; above 1 when the file's own entries could not be read.
    let firstSequence: UInt64
    /// What was changed, or should be, about the rights of the state folder and its files; for the log.
    let folderNotes: [String]
    private let restored: [JournalEntry]
    /// Of a dry run: the journal of the runs that move traffic. Nothing is written to it; its folder stays locked.
    private let inherited: DegradableJournal?
    private let closed: (any ClosedJournal)?
    private let clock: any DaemonClock
    private let state: Mutex<State>

    /// The journal of a dry run: it begins with the entries of the state folder's journal, and writes its own entries
    /// and notifications to the folder `dry-run` inside, which is emptied first. So a dry run changes nothing that a
    /// run that moves traffic will read, and sends nothing that such a run left waiting.
    ///
    /// - Throws: as ``init(directory:clock:inheriting:)``.
    static func ofDryRun(
        directory: String, files: any JournalFiles, clock: any DaemonClock
    ) async throws(JournalError) -> DegradableJournal {
        let inherited = try await DegradableJournal(directory: directory, files: files, clock: clock)
        let own = directory + "/dry-run"
        files.remove(own)
        return try await DegradableJournal(directory: own, files: files, clock: clock, inheriting: inherited)
    }

    /// - Throws: ``JournalError`` for what does not pass by itself: another process has the folder, the file is damaged or
    ///   from a newer version.
    init(
        directory: String, files: any JournalFiles, clock: any DaemonClock,
        inheriting inherited: DegradableJournal? = nil
    ) async throws(JournalError) {
        self.clock = clock
        self.inherited = inherited
        var state = State()
        do throws(JournalError) { state.disk = try files.open(directory) } catch {
            guard case .unwritable = error else { throw error }
            state.problem = error
        }
        folderNotes = (inherited?.folderNotes ?? []) + (state.disk?.folderNotes ?? [])
        if let disk = state.disk {
            (closed, firstSequence, identity) = (nil, inherited?.firstSequence ?? 1, disk.identity)
            if let inherited { restored = inherited.restored } else { restored = try await disk.records() }
        } else {
            let unwritable = try files.openUnwritable(directory)
            let memory = unwritable.memory
            closed = unwritable
            restored = inherited?.restored ?? memory?.entries ?? []
            identity = memory?.identity ?? String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16)
            // Later than whatever the file may hold: numbers count entries, and there were never so many.
            firstSequence = memory == nil ? UInt64(clamping: clock.wallMs) : 1
            state.unsaved.carry(memory?.waiting ?? [])
        }
        self.state = Mutex(state)
    }

    /// Why the disk takes nothing; nil while it does.
    var problem: JournalError? { state.withLock(\.problem) }

    var isOpen: Bool { opened != nil }

    /// Why the open file is not the one in the state folder any more; nil while it is, or none is open.
    var placeProblem: JournalError? { opened?.placeProblem }

    /// Why the file's entries could not be read at the start; nil when they were.
    var readProblem: JournalError? { closed?.readProblem }

    var isMemoryComplete: Bool { firstSequence == 1 }

    /// Notifications on their way to the disk, in the kernel's order.
    func expect(_ batch: JournalBatch) {
        guard !batch.deliveries.isEmpty else { return }
        state.withLock { $0.unsaved.expect(batch.deliveries) }
    }

    func append(_ batch: JournalBatch) async throws(JournalError) {
        do throws(JournalError) {
            let disk = try await disk()
            try await disk.append(batch)
            state.withLock { state in
                state.problem = nil
                state.unsaved.saved(batch.deliveries)
            }
            await saveSettlements(disk)
        } catch {
            state.withLock { $0.problem = error }
            throw error
        }
    }

    /// Tries to open a file that could not be opened, and to write what happened meanwhile.
    ///
    /// - Returns: true when it is open.
    func recover() async -> Bool {
        do throws(JournalError) {
            let wasOpen = isOpen
            let disk = try await disk()
            await saveSettlements(disk)
            if !wasOpen { state.withLock { $0.problem = nil } }
            return true
        } catch {
            state.withLock { $0.problem = error }
            return false
        }
    }

    func records() async throws(JournalError) -> [JournalEntry] { restored }

    func entries(incident: String) async throws(JournalError) -> [JournalEntry] {
        guard let disk = opened else { return restored.filter { $0.incident == incident } }
        let found = try await disk.entries(incident: incident)
        guard found.isEmpty, let inherited else { return found }
        return try await inherited.entries(incident: incident)
    }

    func prune(beforeWallMs: Int64) async throws(JournalError) {
        try await opened?.prune(beforeWallMs: beforeWallMs)
    }

    // MARK: The file

    private var opened: (any JournalFile)? { state.withLock(\.disk) }

    /// The open file; opens it where it is not, but not more often than twice a second.
    private func disk() async throws(JournalError) -> any JournalFile {
        if let disk = opened { return disk }
        guard let closed else { throw JournalError.unwritable(path: "", reason: "it is not open") }
        let now = clock.now.uptimeMs
        let waitFor = state.withLock { state -> JournalError? in
            guard now >= state.nextOpeningUptimeMs else { return state.problem }
            state.nextOpeningUptimeMs = now + Self.openingPauseMs
            return nil
        }
        if let waitFor { throw waitFor }
        let disk = try closed.reopen()
        let last = try await disk.lastSequence()
        guard isMemoryComplete || last < firstSequence else {
            throw JournalError.unwritable(
                path: "the state folder", reason: "it has entries that are newer than this process; restart rollguard")
        }
        state.withLock { state in
            state.disk = disk
            // The file has its own rows of what was carried; what is in the writer's queue is not there yet.
            state.unsaved.saved(closed.memory?.waiting ?? [])
        }
        return disk
    }

    private func saveSettlements(_ disk: any JournalFile) async {
        let (settled, pending) = state.withLock { state in (state.unsaved.settled, state.unsaved) }
        for (id, settlement) in settled.sorted(by: { $0.key < $1.key }) where !pending.contains(id) {
            do throws(JournalError) {
                switch settlement {
                case .delivered(let wallMs): try await disk.markDelivered(id, atWallMs: wallMs)
                case .dead(let reason, let wallMs): try await disk.markDead(id, reason: reason, atWallMs: wallMs)
                }
            } catch { return }
            state.withLock { $0.unsaved.forgetSettlement(id) }
        }
    }
}

/// The outbox: the disk's rows first, which are older, then what is in memory alone.
extension DegradableJournal {
    func receiversWaiting() async throws(JournalError) -> [String] {
        let (memory, passing) = state.withLock { state in
            (state.problem == nil ? [] : state.unsaved.receivers, state.unsaved.settledIds)
        }
        guard let disk = opened else { return memory.sorted() }
        var names = Set(try await disk.receiversWaiting())
        if !passing.isEmpty {
            // Rows that are settled in memory still wait on the disk.
            for name in names where try await disk.nextDelivery(receiver: name, passing: passing) == nil {
                names.remove(name)
            }
        }
        return names.union(memory).sorted()
    }

    func nextDelivery(receiver: String, passing: Set<String>) async throws(JournalError) -> WaitingDelivery? {
        let (memory, settled) = state.withLock { state in
            (
                state.problem == nil ? nil : state.unsaved.head(receiver: receiver, passing: passing),
                state.unsaved.settledIds
            )
        }
        guard let disk = opened else { return memory }
        return try await disk.nextDelivery(receiver: receiver, passing: passing.union(settled)) ?? memory
    }

    func markDelivered(_ id: String, atWallMs: Int64) async throws(JournalError) {
        try await settle(id, .delivered(atWallMs: atWallMs))
    }

    func markDead(_ id: String, reason: String, atWallMs: Int64) async throws(JournalError) {
        try await settle(id, .dead(reason: reason, atWallMs: atWallMs))
    }

    /// Remembered first and forgotten when it is written: a disk that takes nothing must not make a receiver hear the same
    /// again and again.
    private func settle(_ id: String, _ settlement: UnsavedDeliveries.Settlement) async throws(JournalError) {
        let isRemembered = state.withLock { $0.unsaved.settle(id, settlement) }
        if let disk = opened { await saveSettlements(disk) }
        guard isRemembered else { throw problem ?? .unwritable(path: "", reason: "too much is in memory") }
    }

    func markRetry(_ id: String, reason: String, nextTryWallMs: Int64) async throws(JournalError) {
        let isInMemory = state.withLock { state in
            state.unsaved.failed(id, reason: reason, nextTryWallMs: nextTryWallMs)
            return state.unsaved.contains(id)
        }
        guard !isInMemory, let disk = opened else { return }
        try await disk.markRetry(id, reason: reason, nextTryWallMs: nextTryWallMs)
    }

    func outboxCounts() async throws(JournalError) -> OutboxCounts {
        guard let disk = opened else {
            return OutboxCounts(waiting: try await queues().reduce(0) { $0 + $1.waiting })
        }
        return try await disk.outboxCounts()
    }

    func queues() async throws(JournalError) -> [ReceiverQueue] {
        let memory = state.withLock { state in state.problem == nil ? [] : state.unsaved.queues }
        guard let disk = opened else { return memory }
        var queues = try await disk.queues()
        for queue in memory {
            if let index = queues.firstIndex(where: { $0.receiver == queue.receiver }) {
                queues[index].waiting += queue.waiting
                queues[index].head = queues[index].head ?? queue.head
            } else {
                queues.append(queue)
            }
        }
        return queues.sorted { $0.receiver < $1.receiver }
    }

    func fates(ofEntries sequences: [UInt64]) async throws(JournalError) -> [DeliveryFate] {
        try await opened?.fates(ofEntries: sequences) ?? []
    }

    func deadLetters(limit: Int) async throws(JournalError) -> [DeadLetter] {
        try await opened?.deadLetters(limit: limit) ?? []
    }

    func resend(_ choice: DeliveryChoice) async throws(JournalError) -> Int {
        guard let disk = opened else { return 0 }
        return try await disk.resend(choice)
    }

    func drop(_ choice: DeliveryChoice, limit: Int, atWallMs: Int64) async throws(JournalError) -> Int {
        guard let disk = opened else { throw problem ?? .unwritable(path: "", reason: "it is not open") }
        return try await disk.drop(choice, limit: limit, atWallMs: atWallMs)
    }
}
