import Kernel
import Leases
import Model
import Notifications
import Ports
import SourceCalls

extension ReplicaService {
    /// The service with the store of a plan.
    static func make(
        _ replica: ReplicasPlan, plan: Plan, version: String, environment: DaemonEnvironment, watchdog: Watchdog,
        queue: ReplicaQueue, board: ReplicaBoard, manifestRevision: @escaping @Sendable () -> Int64?,
        isBraked: @escaping @Sendable () -> Bool
    ) -> ReplicaService {
        let setup = CallSetup(
            transport: environment.network.discoveryCalls, secrets: environment.secrets, clock: environment.clock)
        let store = LeaseStores.store(
            replica.store ?? .file(FileLeasePlan()), setup,
            callTimeoutMs: LeaseTenure(ttlMs: replica.ttlMs).callTimeoutMs)
        return ReplicaService(
            plan: replica, store: store, files: HandoverFiles(stateDirectory: plan.daemon.stateDirectory),
            watchdog: watchdog, queue: queue, clock: environment.clock, board: board, logger: environment.logger,
            facts: Facts(
                version: version, address: plan.daemon.externalURL, manifestRevision: manifestRevision,
                isBraked: isBraked))
    }
}

/// Which deliveries of the outbox this replica sends.
struct ReplicaRightsOfOutbox {
    let plan: ReplicasPlan
    let board: ReplicaBoard
    let queue: ReplicaQueue
    let clock: any DaemonClock

    /// What the leader makes too, under the same id, waits for its mark: it may be trying for long. What is this replica's own
    /// has its counterpart at the leader.
    private static let sharedKeptMs: Int64 = 600_000

    var rights: DeliveryRights {
        let (board, queue, clock) = (board, queue, clock)
        let aloneAfterMs = LeaseTenure(ttlMs: plan.ttlMs).aloneAfterMs
        let startedUptimeMs = clock.now.uptimeMs
        let prefix = ReplicaIdentity(name: plan.name, group: plan.group).group + "-"
        return DeliveryRights(
            permit: { delivery in
                let now = clock.now
                let atWallMs = delivery?.notification.atWallMs ?? now.wallMs
                // What the leader has not reported of an alert by then its own windows do not show.
                let isShared = delivery.map { $0.id.hasPrefix(prefix) && !$0.notification.isOfAlertAlone } ?? false
                return board.permit(
                    delivery?.id ?? "", ageMs: now.wallMs - atWallMs,
                    keptMs: isShared ? ReplicaRightsOfOutbox.sharedKeptMs : aloneAfterMs, aloneAfterMs: aloneAfterMs,
                    startedUptimeMs: startedUptimeMs, nowUptimeMs: now.uptimeMs)
            },
            delivered: { queue.delivered($0.id) })
    }
}

extension Notification {
    /// Of a rule's alert, and of neither a rollback nor a rollout.
    fileprivate var isOfAlertAlone: Bool { incident == nil && rollout == nil && alert != nil }
}
