import Logging
import Model
import Ports

/// A daemon whose disk takes nothing: says so at the start, and tries the journal again.
struct DegradedOperation: Sendable {
    let journal: DegradableJournal
    let watchdog: Watchdog
    let clock: any DaemonClock

    private static let pauseMs: Int64 = 5_000

    /// Says what a daemon without its disk still does, and what it does not.
    func announce(_ logger: Logger) async {
        guard let problem = journal.problem else { return }
        await watchdog.send(.journalFailing(reason: "\(problem)"))
        let memory =
            journal.isMemoryComplete
            ? "what it holds was read"
            : "what it holds could not be read, so earlier rollbacks are not known (\(journal.readProblem?.description ?? ""))"
        logger.error(
            "starting degraded, without a journal: \(memory); rollbacks are done after `journal.grace`, notifications are sent from memory and are lost when the process ends; the journal is tried again every 5 s"
        )
    }

    /// Opens a journal that could not be opened, and writes what became of notifications meanwhile. Notices a file
    /// that was removed, also while there is nothing to write. Returns when it is cancelled.
    ///
    /// - Parameter nudge: called when the journal works again.
    func recover(nudge: @Sendable () -> Void) async {
        var isLost = false
        while !Task.isCancelled {
            do { try await clock.sleep(ms: Self.pauseMs) } catch { return }
            if let problem = journal.placeProblem {
                isLost = true
                await watchdog.send(.journalFailing(reason: "\(problem)"))
                continue
            }
            let (wasOpen, wasLost) = (journal.isOpen, isLost)
            isLost = false
            let isWell = await journal.recover()
            guard isWell, !wasOpen || (wasLost && journal.problem == nil) else { continue }
            await watchdog.send(.journalDurable(through: 0))
            nudge()
        }
    }
}
