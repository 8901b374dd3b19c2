import Logging
import Model
import Ports

/// Removes what is older than the retention, at the start and then at the interval of the configuration in force.
struct JournalPruning: Sendable {
    let journal: DegradableJournal
    let clock: any DaemonClock
    let logger: Logger

    /// Returns when it is cancelled.
    func run(plan: @Sendable () async -> JournalPlan) async {
        while !Task.isCancelled {
            let keepMs = await plan().retentionMs
            do throws(JournalError) { try await journal.prune(beforeWallMs: clock.wallMs - keepMs) } catch {
                logger.warning("old journal entries could not be removed: \(error)")
            }
            do { try await clock.sleep(ms: await plan().pruneEveryMs) } catch { return }
        }
    }
}
