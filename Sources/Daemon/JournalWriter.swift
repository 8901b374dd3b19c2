import Glibc
import Kernel
import Logging
import Model
import Ports
import Synchronization

#if canImport(Glibc)
#endif

/// Writes batches to the journal, one after the other and in order, and reports to the watchdog when they are durable. A
/// batch that cannot be written is tried again until it can.
///
/// The queue is bounded. A batch that finds it full is lost, and is reported as lost before any later batch is reported as
/// durable: `journalDurable(through:)` covers every sequence up to its own that was not reported as lost, so a later batch
/// never counts as the proof of an intent that was not written.
final class JournalWriter: Sendable {
    /// Batches that wait while the disk does not take any; a few per incident, so this is hours of trouble.
    static let queueLimit = 10_000

    private let journal: any Journal
    private let clock: any DaemonClock
    private let logger: Logger
    private let meter: KernelMeter
    private let dieAfterSequence: UInt64?
    private let stream: AsyncStream<JournalBatch>
    private let continuation: AsyncStream<JournalBatch>.Continuation
    private let isFinishing = Mutex(false)
    /// Sequences of batches that found the queue full and have not been reported yet. Neighbours are merged, and while
    /// nothing is written no place becomes free, so these are few.
    private let lost = Mutex<[ClosedRange<UInt64>]>([])

    /// Called with each batch that has to be written, before anything else happens to it.
    private let onEnqueue: @Sendable (JournalBatch) -> Void

    init(
        journal: any Journal, clock: any DaemonClock, logger: Logger, meter: KernelMeter,
        dieAfterSequence: UInt64? = nil,
        onEnqueue: @escaping @Sendable (JournalBatch) -> Void = { _ in }
    ) {
        self.onEnqueue = onEnqueue
        self.dieAfterSequence = dieAfterSequence
        self.journal = journal
        self.clock = clock
        self.logger = logger
        self.meter = meter
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(JournalWriter.queueLimit))
    }

    func enqueue(_ batch: JournalBatch) {
        onEnqueue(batch)
        guard case .dropped = continuation.yield(batch) else { return }
        guard let first = batch.entries.first?.sequence, let last = batch.entries.last?.sequence else { return }
        let isFirstLoss = lost.withLock { lost in
            if let before = lost.last, before.upperBound + 1 == first {
                lost[lost.count - 1] = before.lowerBound...last
                return false
            }
            lost.append(first...last)
            return true
        }
        guard isFirstLoss else { return }
        logger.error(
            "the journal's queue is full (\(JournalWriter.queueLimit) batches): entries are lost from \(first) on until the journal can be written again"
        )
    }

    /// No more batches come; `run` ends when the last is written.
    func finish() {
        isFinishing.withLock { $0 = true }
        continuation.finish()
    }

    /// - Parameters:
    ///   - report: takes what became of the batches, in the order of the batches.
    ///   - nudge: called after each try: there may be something to deliver, from the disk or from memory.
    func run(report: @Sendable (Input) async -> Void, nudge: @Sendable () -> Void) async {
        for await batch in stream {
            guard await write(batch, report: report, nudge: nudge) else { return }
            nudge()
        }
    }

    /// False when it was cancelled before it could write.
    private func write(
        _ batch: JournalBatch, report: @Sendable (Input) async -> Void, nudge: @Sendable () -> Void
    ) async -> Bool {
        var pauseMs: Int64 = 50
        while true {
            do throws(JournalError) {
                let (_, seconds) = try await meter.timed { () async throws(JournalError) in
                    try await journal.append(batch)
                }
                meter.appended(seconds: seconds)
                dieIfAsked(batch)
                for lost in takeLost() { await report(.journalLost(from: lost.lowerBound, through: lost.upperBound)) }
                if let last = batch.entries.last { await report(.journalDurable(through: last.sequence)) }
                return true
            } catch {
                meter.appendFailed()
                await report(.journalFailing(reason: "\(error)"))
                nudge()
                // A disk that is full must not keep the daemon from stopping.
                if isFinishing.withLock({ $0 }) {
                    logger.error("stopping without the last journal entries: \(error)")
                    return false
                }
            }
            do { try await clock.sleep(ms: pauseMs) } catch { return false }
            pauseMs = min(2_000, pauseMs * 2)
        }
    }

    private func takeLost() -> [ClosedRange<UInt64>] {
        lost.withLock { lost in
            defer { lost = [] }
            return lost
        }
    }

    /// The hardest crash there is, at a moment that a test chose: the entry is on disk and nothing has followed from it.
    private func dieIfAsked(_ batch: JournalBatch) {
        guard let dieAfterSequence, let last = batch.entries.last, last.sequence >= dieAfterSequence else { return }
        kill(getpid(), SIGKILL)
    }
}
