import Glibc
import Logging
import Model
import Ports
import Synchronization

#if canImport(Glibc)
#endif

/// Writes batches to the journal, one after the other and in order, and tells the watchdog when they are durable. A batch
/// that cannot be written is tried again until it can.
final class JournalWriter: Sendable {
    /// Batches that wait while the disk does not take any; a few per incident, so this is hours of trouble.
    private static let queueLimit = 10_000

    private let journal: any Journal
    private let logger: Logger
    private let meter: KernelMeter
    private let dieAfterSequence: UInt64?
    private let stream: AsyncStream<JournalBatch>
    private let continuation: AsyncStream<JournalBatch>.Continuation
    private let isFinishing = Mutex(false)

    /// Called with each batch that has to be written, before anything else happens to it.
    private let onEnqueue: @Sendable (JournalBatch) -> Void

    init(
        journal: any Journal, logger: Logger, meter: KernelMeter, dieAfterSequence: UInt64? = nil,
        onEnqueue: @escaping @Sendable (JournalBatch) -> Void = { _ in }
    ) {
        self.onEnqueue = onEnqueue
        self.dieAfterSequence = dieAfterSequence
        self.journal = journal
        self.logger = logger
        self.meter = meter
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(JournalWriter.queueLimit))
    }

    func enqueue(_ batch: JournalBatch) {
        onEnqueue(batch)
        if case .dropped = continuation.yield(batch) {
            logger.error("the journal's queue is full (\(JournalWriter.queueLimit) batches): an entry was lost")
        }
    }

    /// No more batches come; `run` ends when the last is written.
    func finish() {
        isFinishing.withLock { $0 = true }
        continuation.finish()
    }

    /// - Parameter nudge: called after each try: there may be something to deliver, from the disk or from memory.
    func run(watchdog: Watchdog, nudge: @Sendable () -> Void) async {
        for await batch in stream {
            guard await write(batch, watchdog: watchdog, nudge: nudge) else { return }
            nudge()
        }
    }

    /// False when it was cancelled before it could write.
    private func write(_ batch: JournalBatch, watchdog: Watchdog, nudge: @Sendable () -> Void) async -> Bool {
        var pauseMs: Int64 = 50
        while true {
            do throws(JournalError) {
                let (_, seconds) = try await meter.timed { () async throws(JournalError) in
                    try await journal.append(batch)
                }
                meter.appended(seconds: seconds)
                dieIfAsked(batch)
                if let last = batch.entries.last { await watchdog.send(.journalDurable(through: last.sequence)) }
                return true
            } catch {
                meter.appendFailed()
                await watchdog.send(.journalFailing(reason: "\(error)"))
                nudge()
                // A disk that is full must not keep the daemon from stopping.
                if isFinishing.withLock({ $0 }) {
                    logger.error("stopping without the last journal entries: \(error)")
                    return false
                }
            }
            do { try await Task.sleep(for: .milliseconds(pauseMs)) } catch { return false }
            pauseMs = min(2_000, pauseMs * 2)
        }
    }

    /// The hardest crash there is, at a moment that a test chose: the entry is on disk and nothing has followed from it.
    private func dieIfAsked(_ batch: JournalBatch) {
        guard let dieAfterSequence, let last = batch.entries.last, last.sequence >= dieAfterSequence else { return }
        kill(getpid(), SIGKILL)
    }
}
