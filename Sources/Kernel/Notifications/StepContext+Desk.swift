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

    /// What the outbox says of a receiver.
    mutating func take(_ trouble: DeliveryTrouble) {
        switch trouble {
        case .undelivered(let notification, let undelivered): escalate(notification, past: undelivered)
        case .gone(let undelivered): desk.note(gone: undelivered)
        case .back(let receiver): desk.note(back: receiver)
        }
    }

    /// Does not wait for receivers that are gone: whoever follows them is notified at once.
    mutating func escalate(_ notification: Notification, sentTo names: [String]) {
        for undelivered in desk.gone where names.contains(undelivered.receiver) {
            escalate(notification, past: undelivered)
        }
    }

    /// Notifies the next receivers at once when one before them does not take the notification.
    private mutating func escalate(_ notification: Notification, past undelivered: Undelivered) {
        guard let step = desk.hurried(notification, past: undelivered.receiver) else { return }
        escalate(step, undelivered)
    }

    private mutating func escalate(_ due: SubjectBook.Escalation, _ undelivered: Undelivered? = nil) {
        var notification = due.notification
        let id = notification.incident ?? notification.rollout
        let text = due.step.text(after: undelivered)
        let entry = record(.escalated(due.step, undelivered), release: notification.release, incident: id)
        notification.sequence = entry.sequence
        notification.summary += " (\(due.step.text(after: undelivered, isBrief: true)))"
        send(notification, to: due.step.receivers, isShared: false)
        log(.warning, notification.release, "\(notification.subject): \(text)", incident: id)
        // Each call takes a step, so there are no more calls than steps.
        escalate(due.notification, sentTo: due.step.receivers)
    }

    /// What the desk has to know after a restart.
    mutating func writeDownDesk() {
        for change in desk.changes() { record(change, release: "") }
    }
}
