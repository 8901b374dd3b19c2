import Model

/// The alerts that last: for receivers, like Alertmanager, that must hear of them again and again.
struct StandingAlerts {
    let release: Release
    let now: Moment

    /// How long the alert of a rollback lasts at least when the versions change, or when the configuration does not
    /// name the release any more: a receiver that groups alerts may not have reported it yet.
    private static let leastRollbackAlertMs: Int64 = 3_600_000

    static func isYoung(_ openedWallMs: Int64, at now: Moment) -> Bool {
        now.wallMs - openedWallMs < leastRollbackAlertMs
    }

    /// Of a release that the configuration does not name: its latest rollbacks, for an hour each.
    var whileAbsent: [Notification] { young(release.incidents) }

    private func young(_ incidents: [Incident]) -> [Notification] {
        incidents.reversed().filter { StandingAlerts.isYoung($0.openedWallMs, at: now) }.compactMap {
            .standing($0, at: now)
        }
    }

    /// Of firing rules, of a rollback that is open or latched and of younger ones, of a router that cannot be used, of targets that
    /// are not known.
    func all(isDryRun: Bool) -> [Notification] {
        let rules = release.rules
        let firing = rules.rules.indices.compactMap { index -> Notification? in
            guard rules.alerts[index].phase == .firing, let record = rules.firingRecords[index] else { return nil }
            let why = rules.evaluations[index] == nil ? "" : ": \(rules.comparison(of: index))"
            return release.notices.message(
                .alertFiring, sequence: 0, "\(record.rule) is firing\(why)", alert: record, at: now,
                isDryRun: isDryRun)
        }
        let latest = release.rollback.map { standing($0.incident) } ?? []
        let rollbacks = latest + young(release.history.incidents)
        return firing + rollbacks + unusableRouter(isDryRun: isDryRun) + unusableTargets(isDryRun: isDryRun)
            + closedWayBack(isDryRun: isDryRun) + schemaBreach(isDryRun: isDryRun) + incompleteGroup
    }

    /// Lasts until nothing of the group is open.
    private var incompleteGroup: [Notification] {
        guard let incident = release.rollback?.incident, let run = incident.group, run.isOpen, run.wasReported else {
            return []
        }
        return [
            Notification(
                run.decision?.isHeld == true ? .groupHeld : .groupIncomplete, of: incident, plan: release.plan,
                share: release.poll.share, sequence: 0, summary: "\(release.name): group \(run.text)", at: now,
                isDryRun: false)
        ]
    }

    /// Lasts until the router is reported as usable again.
    private func unusableRouter(isDryRun: Bool) -> [Notification] {
        guard release.poll.health.isReported else { return [] }
        return [
            release.notices.message(
                .routerUnusable, sequence: 0, "the router cannot be used", at: now, isDryRun: isDryRun)
        ]
    }

    /// Lasts until the targets are reported as known again.
    private func unusableTargets(isDryRun: Bool) -> [Notification] {
        guard release.targetHealth.isReported else { return [] }
        return [
            release.notices.message(
                .targetsUnusable, sequence: 0, release.targetHealth.problem ?? "the targets are not known", at: now,
                isDryRun: isDryRun)
        ]
    }

    /// Lasts until it is reported as over.
    private func closedWayBack(isDryRun: Bool) -> [Notification] {
        guard release.schema.isReported else { return [] }
        return [
            release.notices.message(
                .wayBackClosed, sequence: 0, release.closedWayBack(at: now) ?? "the way back is closed", at: now,
                isDryRun: isDryRun)
        ]
    }

    /// The same.
    private func schemaBreach(isDryRun: Bool) -> [Notification] {
        guard release.schema.isBreachReported else { return [] }
        return [
            release.notices.message(
                .schemaBreached, sequence: 0,
                release.schemaBreach(at: now) ?? "the canary has traffic without its schema",
                at: now, isDryRun: isDryRun)
        ]
    }

    private func standing(_ incident: Incident) -> [Notification] {
        guard let lasting = Notification.standing(incident, at: now) else { return [] }
        guard incident.isOpen, incident.isAbandoned else { return [lasting] }
        var overdue = lasting
        overdue.event = .rollbackAbandoned
        overdue.summary = "\(release.name): the rollback to \(incident.intent.toVersion) is not acknowledged in time"
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
