import API
import Logging
import Model
import Notifications
import Ports
import SystemSupport

/// What the API may ask of the daemon.
struct DaemonOperations: Operations {
    let watchdog: Watchdog
    let desk: SnapshotCache
    let journal: any Journal
    let pump: OutboxPump
    let clock: any DaemonClock
    let logger: Logger
    let reloader: Reloader
    let meter: KernelMeter

    func snapshot() async -> Snapshot { await desk.snapshot() }

    func entries(incident: String) async throws -> [JournalEntry] {
        try await journal.entries(incident: incident)
    }

    func outbox() async throws -> OutboxReport {
        OutboxReport(
            counts: try await journal.outboxCounts(), queues: try await journal.queues(),
            deadLetters: try await journal.deadLetters(limit: 100))
    }

    func rollback(release: String, toVersion: String?, by: String, reason: String) async -> CommandResult {
        await watchdog.command(.rollback(release: release, toVersion: toVersion), by: by, reason: reason)
    }

    func rearm(release: String, by: String, reason: String) async -> CommandResult {
        await watchdog.command(.rearm(release: release), by: by, reason: reason)
    }

    func reload() async -> CommandResult { await reloader.reload() }

    func metricsExposition() async -> String {
        let counts = try? await journal.outboxCounts()
        return await desk.exposition { [meter] in meter.exposition(snapshot: $0, outbox: counts) }
    }

    func unreadyReason() async -> String? {
        let waiting = await desk.snapshot().releases.filter { $0.cycles == 0 }.map(\.name)
        return waiting.isEmpty ? nil : "the first scrape cycle of \(waiting.joined(separator: ", ")) is not done"
    }
}
