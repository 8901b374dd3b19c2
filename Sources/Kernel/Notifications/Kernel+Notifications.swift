import Model

/// What operators do about notifications.
extension Kernel {
    /// - Parameter subject: an incident, a rollout, a release or a unit.
    mutating func acknowledge(
        _ subject: String, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult {
        guard let index = releases.firstIndex(where: { $0.isMeant(by: subject) }) else {
            return .notFound(
                text: "there is no incident, rollout or release \"\(subject)\" that can be acknowledged; releases: "
                    + knownNames)
        }
        let meant = releases.filter { $0.isMeant(by: subject) }.map(\.name)
        let release = releases[index]
        let isWhole = release.isNamed(subject)
        let incident = release.rollback?.incident.id
        let id = isWhole ? nil : subject
        if let by = release.rollback?.incident.acknowledgedBy, !isWhole, id == incident {
            return .accepted(text: "\(subject) was acknowledged already, by \(by)", incident: incident)
        }
        let hasFound = context.desk.acknowledge(by: by) { notification in
            meant.contains(notification.release)
                && (isWhole || notification.incident == subject || notification.rollout == subject)
        }
        guard hasFound || !isWhole else {
            return .refused(text: "nothing of \(subject) waits for an operator")
        }
        releases[index].acknowledged(by: by, reason: reason, id, &context)
        return .accepted(
            text:
                "\(subject) is acknowledged by \(by): nothing of it is escalated any more. It stays open until it is over",
            incident: id == incident ? incident : nil)
    }

    /// - Parameter forMs: milliseconds, ``Silence/longestMs`` at most.
    mutating func silence(
        _ match: NotificationMatch, forMs: Int64, by: String, reason: String, _ context: inout StepContext
    ) -> CommandResult {
        guard forMs > 0, forMs <= Silence.longestMs else {
            return .refused(text: "a silence lasts 1 ms to 7 days")
        }
        guard !context.desk.silences.isFull else {
            return .refused(text: "there are \(SilenceBook.limit) silences; end some of them")
        }
        let silence = Silence(
            id: "silence-\(context.nextSequence)", match: match, beganWallMs: context.now.wallMs,
            endsWallMs: context.now.wallMs + forMs, by: by, reason: reason)
        context.desk.add(silence, at: context.now)
        context.emit(.log(LogLine(.warning, "\(by): \(silence.id) hides notifications of \(match.text): \(reason)")))
        return .accepted(
            text:
                "\(silence.id) hides notifications of \(match.text). A rollback that does not get through is reported "
                + "all the same", incident: nil)
    }

    mutating func endSilence(_ id: String, by: String, _ context: inout StepContext) -> CommandResult {
        guard let ended = context.desk.endSilence(id) else {
            return .notFound(text: "there is no silence \"\(id.prefix(100))\"; `rollguard silence list` shows them")
        }
        let text = "\(ended.id) is over; it hid \(ended.hidden) notifications"
        context.emit(.log(LogLine(.info, "\(by): \(text)")))
        return .accepted(text: text, incident: nil)
    }
}

extension Release {
    /// Its name, or that of its unit.
    fileprivate func isNamed(_ subject: String) -> Bool { name == subject || plan.orderName == subject }

    fileprivate func isMeant(by subject: String) -> Bool {
        isNamed(subject) || rollback?.incident.id == subject || rollouts.running?.id == subject
    }

    /// Writes the acknowledgement down and announces it.
    ///
    /// - Parameter id: of the incident or the rollout; nil for the whole release.
    fileprivate mutating func acknowledged(
        by: String, reason: String, _ id: String?, _ context: inout StepContext
    ) {
        let about = id ?? rollback?.incident.id
        let entry = context.record(
            .operatorAcknowledged(by: by, reason: reason), release: name, incident: about)
        rollback?.incident.apply(entry)
        let incident = rollback.map(\.incident).flatMap { $0.id == about ? $0 : nil }
        var notification = Notification(
            .operatorAcknowledged, of: incident, plan: plan, share: poll.share, sequence: entry.sequence,
            summary: "\(name): \(entry.event.text)", at: context.now, isDryRun: context.isDryRun)
        if incident == nil, rollouts.running?.id == about { notification.rollout = about }
        context.notify(notification)
        context.log(.info, name, entry.event.text, incident: about)
    }
}
