import Model

/// The `for` of pending alerts over restarts.
extension ReleaseState {
    /// Writes down how far pending alerts have come: when one has counted another tenth of its `for`, so that a restart costs
    /// no more than that, and when one that was written down is not pending any more.
    mutating func recordPending(_ context: inout StepContext) {
        guard !context.isJournalFailing else { return }
        let present = phase == .watching ? pendingAlerts : []
        recordedPending = recordedPending.filter { alertPhase(of: $0.rule) != .firing }
        let isOver = recordedPending.contains { old in !present.contains { $0.rule == old.rule } }
        guard isOver || present.contains(where: isRecordDue) else { return }
        recordedPending = present
        context.record(.pending(present), release: name)
    }

    private var pendingAlerts: [PendingAlert] {
        plan.rules.indices.compactMap { index in
            guard alerts[index].phase == .pending, let since = alerts[index].activeSinceWallMs else { return nil }
            let (rule, alert) = (plan.rules[index], alerts[index])
            return PendingAlert(
                rule: rule.name, condition: rule.conditionText, windowMs: rule.windowMs, breachedMs: alert.breachedMs,
                activeSinceWallMs: since)
        }
    }

    /// At most once per second of counted time, however short the `for` is.
    private func isRecordDue(_ alert: PendingAlert) -> Bool {
        let forMs = plan.rules.first { $0.name == alert.rule }?.forMs ?? 0
        let writtenMs = recordedPending.first { $0.rule == alert.rule }?.breachedMs ?? 0
        return alert.breachedMs - writtenMs >= max(1_000, forMs / 10)
    }

    private func alertPhase(of rule: String) -> AlertState.Phase? {
        plan.rules.firstIndex { $0.name == rule }.map { alerts[$0].phase }
    }

    /// Folds a list of the journal in. Firing alerts have entries of their own.
    mutating func replayPending(_ list: [PendingAlert]) {
        recordedPending = list
        for index in plan.rules.indices where alerts[index].phase != .firing {
            let rule = plan.rules[index]
            let known = list.first {
                $0.rule == rule.name && $0.condition == rule.conditionText && $0.windowMs == rule.windowMs
            }
            alerts[index] =
                known.map {
                    AlertState(restoredPendingSinceWallMs: $0.activeSinceWallMs, breachedMs: max(0, $0.breachedMs))
                } ?? AlertState()
        }
    }

    /// A release that began or ended has no pending alerts.
    mutating func forgetPending() { replayPending([]) }
}
