import Model
import Notifications
import Synchronization

/// What the replica service has last found out, for those who show it or act on it.
final class ReplicaBoard: Sendable {
    /// Of one lead.
    private struct Lead {
        var sent: Set<String> = []
        var leadsUntilUptimeMs: Int64?
        var leaderSeenUptimeMs: Int64?
        var isOtherLeading = false
    }

    private struct State {
        var report: ReplicasReport?
        var fleet: FleetReport?
        /// By scope.
        var leads: [String: Lead] = [:]
        /// By id of a notification: since when the leader's mark is waited for, milliseconds of uptime.
        var waitingSinceUptimeMs: [String: Int64] = [:]

        /// Wall clocks are set: a notification is as old as it seems only if this process has waited for its mark.
        mutating func hasWaited(_ id: String, _ enoughMs: Int64, _ now: Int64) -> Bool {
            if waitingSinceUptimeMs.count > ReplicaBoard.waitingLimit { waitingSinceUptimeMs = [:] }
            let since = waitingSinceUptimeMs[id] ?? now
            waitingSinceUptimeMs[id] = now - since > enoughMs ? nil : since
            return now - since > enoughMs
        }
    }

    /// More are forgotten, and waited for once more.
    private static let waitingLimit = 5_000

    private let state = Mutex(State())

    /// Nil for one daemon alone.
    func report(nowUptimeMs now: Int64) -> ReplicasReport? {
        state.withLock { state in
            var report = state.report
            report?.leaseLeftMs = state.leads[LeaseScope.leader]?.leadsUntilUptimeMs.map { max(0, $0 - now) }
            return report
        }
    }

    /// Nil where each replica watches all releases.
    var fleet: FleetReport? { state.withLock { $0.fleet } }

    func show(_ report: ReplicasReport) { state.withLock { $0.report = report } }

    func show(_ fleet: FleetReport) { state.withLock { $0.fleet = fleet } }

    func lead(_ scope: String, untilUptimeMs until: Int64?) {
        state.withLock { $0.leads[scope, default: Lead()].leadsUntilUptimeMs = until }
    }

    /// Another replica has been seen to lead, or not.
    func see(_ scope: String, otherLeads: Bool, atUptimeMs now: Int64) {
        state.withLock { state in
            state.leads[scope, default: Lead()].isOtherLeading = otherLeads
            if otherLeads { state.leads[scope, default: Lead()].leaderSeenUptimeMs = now }
        }
    }

    func remember(sent ids: [String], of scope: String) {
        state.withLock { $0.leads[scope, default: Lead()].sent = Set(ids) }
    }

    /// Whether this replica leads.
    func isLeading(_ scope: String, nowUptimeMs now: Int64) -> Bool {
        state.withLock { $0.leads[scope]?.leadsUntilUptimeMs.map { now < $0 } ?? false }
    }

    /// What becomes of a notification in the outbox of this replica.
    ///
    /// - Parameters:
    ///   - scope: of the lead that its release belongs to.
    ///   - ageMs: of the notification.
    ///   - keptMs: how long it is held while another replica leads.
    func permit(
        _ id: String, of scope: String, ageMs: Int64, keptMs: Int64, aloneAfterMs: Int64, startedUptimeMs: Int64,
        nowUptimeMs now: Int64
    ) -> DeliveryPermit {
        state.withLock { state in
            let lead = state.leads[scope] ?? Lead()
            if lead.sent.contains(id) { return .drop }
            if let until = lead.leadsUntilUptimeMs, now < until { return .send }
            let seen = max(lead.leaderSeenUptimeMs ?? startedUptimeMs, startedUptimeMs)
            if now - seen > aloneAfterMs { return .send }
            return lead.isOtherLeading && ageMs > keptMs && state.hasWaited(id, aloneAfterMs, now) ? .drop : .hold
        }
    }
}
