import Model

extension StepContext {
    /// Silences that are over, and subjects that no operator has acknowledged in time.
    mutating func notifyWhatIsDue(_ releases: [Release]) {
        // It is asked at each tick.
        guard let wake = desk.nextWakeUptimeMs, wake <= now.uptimeMs else { return }
        let due = desk.due(at: now)
        for silence in due.ended {
            emit(
                .log(
                    LogLine(
                        .info,
                        "\(silence.id) (\(silence.match.text)) is over; it hid \(silence.hidden) notifications")))
        }
        for step in due.escalated { escalate(step) }
    }

    private mutating func escalate(_ due: SubjectBook.Escalation) {
        var notification = due.notification
        let id = notification.incident ?? notification.rollout
        let entry = record(.escalated(due.step), release: notification.release, incident: id)
        notification.sequence = entry.sequence
        notification.summary += " (\(due.step.text))"
        send(notification, to: due.step.receivers, isShared: false)
        log(.warning, notification.release, "\(notification.subject): \(due.step.text)", incident: id)
    }

    /// What the desk has to know after a restart.
    mutating func writeDownDesk() {
        for change in desk.changes() { record(change, release: "") }
    }
}
