import Model

/// The `for` of pending alerts and the `keep_firing_for` of firing ones over restarts.
extension RuleEngine {
    /// What to write down of how far they have come: when one has counted another tenth of its time, so that a restart costs
    /// no more than that, and when one that was written down does not count any more. Nil when nothing is due.
    mutating func duePending(isWatching: Bool) -> [PendingAlert]? {
        let present = (isWatching ? pendingAlerts : []) + keptAlerts
        // An alert that began to fire, or was resolved, has an entry of its own.
        recordedPending = recordedPending.filter { (alertPhase(of: $0.rule) == .firing) == ($0.healthyMs != nil) }
        let isOver = recordedPending.contains { old in !present.contains { $0.rule == old.rule } }
        guard isOver || present.contains(where: isRecordDue) else { return nil }
        recordedPending = present
        return present
    }

    private var pendingAlerts: [PendingAlert] { records { $0.phase == .pending } }

    private var keptAlerts: [PendingAlert] {
        records { $0.phase == .firing && $0.healthyMs > 0 }
    }

    private func records(of isWanted: (AlertState) -> Bool) -> [PendingAlert] {
        rules.indices.compactMap { index in
            guard isWanted(alerts[index]), let since = alerts[index].activeSinceWallMs else { return nil }
            let (rule, alert) = (rules[index], alerts[index])
            var record = PendingAlert(
                rule: rule.name, condition: rule.conditionText, windowMs: rule.windowMs, breachedMs: alert.breachedMs,
                activeSinceWallMs: since)
            if alert.phase == .firing { record.healthyMs = alert.healthyMs }
            return record
        }
    }

    /// At most once per second of counted time, however short the `for` or the `keep_firing_for` is.
    private func isRecordDue(_ alert: PendingAlert) -> Bool {
        let rule = rules.first { $0.name == alert.rule }
        let written = recordedPending.first { $0.rule == alert.rule }
        if let healthyMs = alert.healthyMs {
            return healthyMs - (written?.healthyMs ?? 0) >= max(1_000, (rule?.keepFiringForMs ?? 0) / 10)
        }
        return alert.breachedMs - (written?.breachedMs ?? 0) >= max(1_000, (rule?.forMs ?? 0) / 10)
    }

    private func alertPhase(of rule: String) -> AlertState.Phase? {
        rules.firstIndex { $0.name == rule }.map { alerts[$0].phase }
    }

    /// Folds a list of the journal in. Firing alerts have entries of their own.
    mutating func restore(pending list: [PendingAlert]) {
        recordedPending = list
        for index in rules.indices {
            let rule = rules[index]
            let known = list.first {
                $0.rule == rule.name && $0.condition == rule.conditionText && $0.windowMs == rule.windowMs
            }
            if alerts[index].phase == .firing {
                restoreHealthy(ms: known?.healthyMs ?? 0, rule: index)
                continue
            }
            let pending = known.map {
                AlertState(restoredPendingSinceWallMs: $0.activeSinceWallMs, breachedMs: max(0, $0.breachedMs))
            }
            restore(pending ?? AlertState(), rule: index)
        }
    }

    /// A release that began or ended has no pending alerts.
    mutating func forgetPending() { restore(pending: []) }
}
