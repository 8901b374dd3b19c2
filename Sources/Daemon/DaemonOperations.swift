import API
import Kernel
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
    let targets: TargetService
    let meter: KernelMeter
    let gateTokens: GateTokens
    let centre: CentreBoard
    let steps: StepService
    let replicas: ReplicaBoard
    /// Nil without a configuration centre.
    let centreService: CentreService?

    /// Longer than a busy disk takes, shorter than clients wait.
    private static let durableWithinMs: Int64 = 5_000

    func snapshot() async -> Snapshot {
        var snapshot = await desk.snapshot()
        snapshot.centre = centre.report
        snapshot.replicas = replicas.report(nowUptimeMs: clock.now.uptimeMs)
        snapshot.fleet = replicas.fleet
        return snapshot
    }

    func discovery() async -> [DiscoveryReport] { await targets.reports() }

    func entries(incident: String) async throws -> [JournalEntry] {
        try await journal.entries(incident: incident)
    }

    func fates(ofEntries sequences: [UInt64]) async throws -> [DeliveryFate] {
        try await journal.fates(ofEntries: sequences)
    }

    func outbox() async throws -> OutboxReport {
        OutboxReport(
            counts: try await journal.outboxCounts(), queues: try await journal.queues(),
            deadLetters: try await journal.deadLetters(limit: 100))
    }

    func rollback(
        release: String, toVersion: String?, evenContracted: Bool, by: String, reason: String
    ) async -> CommandResult {
        let command = Command.rollback(release: release, toVersion: toVersion, evenContracted: evenContracted)
        return placed(release, await watchdog.command(command, by: by, reason: reason))
    }

    func rearm(release: String, abandonPlan: Bool, by: String, reason: String) async -> CommandResult {
        let command = Command.rearm(release: release, abandonPlan: abandonPlan)
        return placed(release, await watchdog.command(command, by: by, reason: reason))
    }

    func acknowledge(_ subject: String, by: String, reason: String) async -> CommandResult {
        await watchdog.command(.acknowledge(subject: subject), by: by, reason: reason)
    }

    func silence(_ match: NotificationMatch, forMs: Int64, by: String, reason: String) async -> CommandResult {
        await watchdog.command(.silence(match, forMs: forMs), by: by, reason: reason)
    }

    func endSilence(_ id: String, by: String) async -> CommandResult {
        await watchdog.command(.endSilence(id: id), by: by, reason: "")
    }

    func planPreview(
        release name: String, _ road: ProcedureRoad
    ) async -> (deadlineMs: Int64, steps: [StepPreview])? {
        let plan = await watchdog.effectivePlan()
        guard let release = plan.releases.first(where: { $0.name == name }), let procedure = release.procedure else {
            return nil
        }
        return (procedure.deadlineMs, await steps.preview(release, road))
    }

    func orderPlan(incident: String, _ order: ProcedureOrder, by: String, reason: String) async -> CommandResult {
        await watchdog.command(.procedure(incident: incident, order), by: by, reason: reason)
    }

    func answer(_ order: GroupOrder) async -> GroupAnswer {
        guard await watchdog.effectivePlan().hasMember(order.release, ofGroup: order.link.group) else {
            return .refused(reason: "group \(order.link.group) of this daemon has no release \(order.release)")
        }
        let (answer, sequence) = await watchdog.answer(order)
        guard let sequence else { return answer }
        // The other daemon waits a second for the preparation.
        let limitMs = order.kind == .prepare ? 700 : DaemonOperations.durableWithinMs / 2
        if await watchdog.isWritten(sequence, withinMs: limitMs) { return answer }
        return .unknown(reason: "the answer is not on its disk yet")
    }

    func order(_ command: RolloutCommand, release: String, _ order: OrderContext) async -> RolloutAnswer {
        let answer = placed(release, await watchdog.order(command, release: release, order))
        guard let sequence = answer.sequence, !answer.isRefused else { return answer }
        if await watchdog.isDurable(sequence, of: release, withinMs: DaemonOperations.durableWithinMs) { return answer }
        return RolloutAnswer(
            .refused(.notReady), "the order is taken, but it is not on the disk yet; send it again with the same key",
            rollout: answer.rollout, sequence: sequence)
    }

    func readLink(_ token: String) async -> LinkReading { gateTokens.reading(link: token, nowWallMs: clock.wallMs) }

    func isGateToken(_ token: String, gate id: String) async -> Bool { gateTokens.isValid(token, gate: id) }

    func reload() async -> CommandResult { await reloader.reload() }

    func centre(_ order: CentreOrder, by: String, reason: String) async -> CommandResult {
        guard let centreService else { return .refused(text: "the configuration has no 'centre'") }
        return await centreService.take(order, by: by, reason: reason)
    }

    func metricsExposition() async -> String {
        let counts = try? await journal.outboxCounts()
        let reports = await targets.reports()
        return await desk.exposition { [meter] in
            meter.exposition(snapshot: $0, outbox: counts, discovery: reports)
        }
    }

    func unreadyReason() async -> String? {
        if let fleet = replicas.fleet {
            if let problem = fleet.problem { return problem }
            let watches = fleet.members.first(where: \.isSelf)?.watches ?? 0
            if fleet.assignment == 0, watches == 0 { return "the assignment of the fleet is not known yet" }
        }
        let waiting = await desk.snapshot().releases.filter { $0.cycles == 0 }.map(\.name)
        return waiting.isEmpty ? nil : "the first scrape cycle of \(waiting.joined(separator: ", ")) is not done"
    }
}
