import Model

/// The alerts that last: for receivers, like Alertmanager, that must hear of them again and again.
extension ReleaseState {
    /// How long the alert of a rollback lasts at least when the versions change, or when the configuration does not
    /// name the release any more: a receiver that groups alerts may not have reported it yet.
    private static let leastRollbackAlertMs: Int64 = 3_600_000

    static func isYoung(_ openedWallMs: Int64, at now: Moment) -> Bool {
        now.wallMs - openedWallMs < leastRollbackAlertMs
    }

    /// Of a release that the configuration does not name: its latest rollbacks, for an hour each.
    func standingAlertsWhileAbsent(at now: Moment) -> [Notification] {
        incidents.reversed().filter { ReleaseState.isYoung($0.openedWallMs, at: now) }.compactMap {
            .standing($0, at: now)
        }
    }

    func standingAlerts(at now: Moment, isDryRun: Bool) -> [Notification] {
        let firing = plan.rules.indices.compactMap { index -> Notification? in
            guard alerts[index].phase == .firing, let record = firingRecords[index] else { return nil }
            let why = evaluations[index] == nil ? "" : ": \(comparison(of: index))"
            return notification(
                .alertFiring, sequence: 0, at: now, summary: "\(name): \(record.rule) is firing\(why)", alert: record,
                isDryRun: isDryRun)
        }
        let young = past.reversed().filter { ReleaseState.isYoung($0.openedWallMs, at: now) }
        let rollbacks = (rollback.map { standing($0, at: now) } ?? []) + young.compactMap { .standing($0, at: now) }
        return firing + rollbacks + unusableRouter(at: now, isDryRun: isDryRun)
    }

    /// Lasts until the router is reported as usable again.
    private func unusableRouter(at now: Moment, isDryRun: Bool) -> [Notification] {
        guard routerHealth.isReported else { return [] }
        return [
            notification(
                .routerUnusable, sequence: 0, at: now, summary: "\(name): the router cannot be used", isDryRun: isDryRun
            )
        ]
    }

    private func standing(_ rollback: Rollback, at now: Moment) -> [Notification] {
        let incident = rollback.incident
        guard let lasting = Notification.standing(incident, at: now) else { return [] }
        guard incident.isOpen, incident.isAbandoned else { return [lasting] }
        var overdue = lasting
        overdue.event = .rollbackAbandoned
        overdue.summary = "\(name): the rollback to \(incident.intent.toVersion) is not acknowledged in time"
        return [lasting, overdue]
    }
}

extension Notification {
    /// The alert of a rollback that holds; nil for a dry run, which rolled nothing back, and for what an operator has
    /// rearmed.
    static func standing(_ incident: Incident, at now: Moment) -> Notification? {
        switch incident.state {
        case .dryRun, .rearmed: return nil
        case .intended, .applied, .observed, .acknowledged, .abandoned: break
        }
        let intent = incident.intent
        return Notification(
            sequence: 0, event: .rollbackIntended, atWallMs: now.wallMs, release: incident.release,
            baselineVersion: intent.toVersion, canaryVersion: intent.fromVersion, incident: incident.id,
            summary: incident.state == .acknowledged
                ? "\(incident.release): \(intent.fromVersion) was rolled back; \(intent.toVersion) has all the traffic"
                : "\(incident.release): \(intent.fromVersion) is being rolled back to \(intent.toVersion)",
            splitBefore: intent.splitBefore, splitAfter: intent.splitWanted, timeline: incident.timeline)
    }
}
