import Kernel
import Leases
import Model
import Notifications
import Ports
import SourceCalls

extension ReplicaService {
    /// The service with the store of a plan.
    ///
    /// - Parameter fleet: nil when each replica watches all releases.
    static func make(
        _ replica: ReplicasPlan, plan: Plan, version: String, environment: DaemonEnvironment, watchdog: Watchdog,
        queue: ReplicaQueue, board: ReplicaBoard, shelf: HandoverShelf, fleet: FleetSurroundings?,
        manifestRevision: @escaping @Sendable () -> Int64?, isBraked: @escaping @Sendable () -> Bool
    ) -> ReplicaService {
        let setup = CallSetup(
            transport: environment.network.discoveryCalls, secrets: environment.secrets, clock: environment.clock)
        let store =
            environment.leaseStore?(replica)
            ?? LeaseStores.store(
                replica.store ?? .file(FileLeasePlan()), setup,
                callTimeoutMs: LeaseTenure(ttlMs: replica.ttlMs).callTimeoutMs)
        return ReplicaService(
            plan: replica, store: store, files: environment.handovers(plan.daemon.stateDirectory), shelf: shelf,
            send: { await watchdog.send($0) }, queue: queue, clock: environment.clock, board: board,
            logger: environment.logger,
            facts: Facts(
                version: version, address: plan.daemon.externalURL, manifestRevision: manifestRevision,
                isBraked: isBraked),
            fleet: fleet)
    }
}

extension FleetSelection {
    /// What a member watches at its start: what its last run watched; nil without a fleet.
    static func atStart(_ replica: ReplicasPlan?, _ plan: Plan) -> FleetSelection? {
        guard let fleet = replica?.fleet else { return nil }
        let note = FleetNote(stateDirectory: plan.daemon.stateDirectory)
        return FleetSelection(plan, count: fleet.shards, watched: note.watched(of: fleet.shards) ?? [])
    }

    func surroundings(_ plan: Plan, watchdog: Watchdog, reloader: Reloader) -> FleetSurroundings {
        FleetSurroundings(
            selection: self, note: FleetNote(stateDirectory: plan.daemon.stateDirectory),
            watch: { await reloader.watch($0) },
            rollbacks: { names in
                let copy = await watchdog.copy()
                let open = Set(copy.kernel.snapshot(at: copy.now).incidents.filter(\.isOpen).map(\.release))
                return names.filter { open.contains($0) || copy.kernel.hasRollbackToHandOver($0) }
            },
            targets: {
                let releases = await watchdog.effectivePlan().releases
                return Dictionary(
                    releases.map { ($0.name, $0.baseline.targets.count + $0.canary.targets.count) },
                    uniquingKeysWith: { first, _ in first })
            })
    }
}

/// Which deliveries of the outbox this replica sends.
struct ReplicaRightsOfOutbox: Sendable {
    let plan: ReplicasPlan
    let board: ReplicaBoard
    let queue: ReplicaQueue
    let clock: any DaemonClock
    /// Nil when each replica watches all releases.
    let selection: FleetSelection?
    /// Of the daemon.
    let startedUptimeMs: Int64

    /// What the leader makes too, under the same id, waits for its mark: it may be trying for long. What is this replica's own
    /// has its counterpart at the leader.
    private static let sharedKeptMs: Int64 = 600_000

    private var aloneAfterMs: Int64 { LeaseTenure(ttlMs: plan.ttlMs).aloneAfterMs }

    var rights: DeliveryRights {
        let (board, queue, clock, selection) = (board, queue, clock, selection)
        let (aloneAfterMs, startedUptimeMs) = (aloneAfterMs, startedUptimeMs)
        let prefix = ReplicaIdentity(name: plan.name, group: plan.group).group + "-"
        return DeliveryRights(
            permit: { delivery in
                let now = clock.now
                // In a fleet each member has problems of its own, and what lasts is that of the releases that it leads.
                if selection != nil, delivery?.notification.release.isEmpty ?? true { return .send }
                let scope = selection.flatMap { selection in
                    delivery.map { selection.scope(of: $0.notification.release) }
                }
                let atWallMs = delivery?.notification.atWallMs ?? now.wallMs
                // What the leader has not reported of an alert by then its own windows do not show.
                let isShared = delivery.map { $0.id.hasPrefix(prefix) && !$0.notification.isOfAlertAlone } ?? false
                return board.permit(
                    delivery?.id ?? "", of: scope ?? LeaseScope.leader, ageMs: now.wallMs - atWallMs,
                    keptMs: isShared ? ReplicaRightsOfOutbox.sharedKeptMs : aloneAfterMs, aloneAfterMs: aloneAfterMs,
                    startedUptimeMs: startedUptimeMs, nowUptimeMs: now.uptimeMs)
            },
            delivered: { queue.delivered($0.id, release: $0.notification.release) })
    }

    /// Of alerts that last: those of releases that this member sends notifications of.
    func isOwn(_ notification: Notification) -> Bool {
        guard let selection, !notification.release.isEmpty else { return true }
        let now = clock.now.uptimeMs
        return board.permit(
            "", of: selection.scope(of: notification.release), ageMs: 0, keptMs: 0, aloneAfterMs: aloneAfterMs,
            startedUptimeMs: startedUptimeMs, nowUptimeMs: now) == .send
    }
}

extension Notification {
    /// Of a rule's alert, and of neither a rollback nor a rollout.
    fileprivate var isOfAlertAlone: Bool { incident == nil && rollout == nil && alert != nil }
}
