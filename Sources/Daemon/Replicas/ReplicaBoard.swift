import Model
import Notifications
import Synchronization

/// What the replica service has last found out, for those who show it or act on it.
final class ReplicaBoard: Sendable {
    private struct State {
        var report: ReplicasReport?
        var sent: Set<String> = []
        var leadsUntilUptimeMs: Int64?
        var leaderSeenUptimeMs: Int64?
        var isOtherLeading = false
    }

    private let state = Mutex(State())

    /// Nil for one daemon alone.
    func report(nowUptimeMs now: Int64) -> ReplicasReport? {
        state.withLock { state in
            var report = state.report
            report?.leaseLeftMs = state.leadsUntilUptimeMs.map { max(0, $0 - now) }
            return report
        }
    }

    func show(_ report: ReplicasReport) { state.withLock { $0.report = report } }

    func lead(untilUptimeMs until: Int64?) { state.withLock { $0.leadsUntilUptimeMs = until } }

    /// Another replica has been seen to lead, or not.
    func see(otherLeads: Bool, atUptimeMs now: Int64) {
        state.withLock { state in
            state.isOtherLeading = otherLeads
            if otherLeads { state.leaderSeenUptimeMs = now }
        }
    }

    func remember(sent ids: [String]) { state.withLock { $0.sent = Set(ids) } }

    /// What becomes of a notification in the outbox of this replica.
    ///
    /// - Parameters:
    ///   - ageMs: of the notification.
    ///   - keptMs: how long it is held while another replica leads.
    func permit(
        _ id: String, ageMs: Int64, keptMs: Int64, aloneAfterMs: Int64, startedUptimeMs: Int64, nowUptimeMs now: Int64
    ) -> DeliveryPermit {
        state.withLock { state in
            if state.sent.contains(id) { return .drop }
            if let until = state.leadsUntilUptimeMs, now < until { return .send }
            let seen = max(state.leaderSeenUptimeMs ?? startedUptimeMs, startedUptimeMs)
            if now - seen > aloneAfterMs { return .send }
            return state.isOtherLeading && ageMs > keptMs ? .drop : .hold
        }
    }
}
