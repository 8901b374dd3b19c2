import Model

/// What operators do about notifications.
extension Kernel {
    /// - Parameters:
    ///   - subject: an incident, a rollout, a release or a unit.
    ///   - order: the name of the order, where an operator gave it to another replica.
    mutating func acknowledge(
        _ subject: String, by: String, reason: String, shared order: String? = nil, _ context: inout StepContext
    ) -> CommandResult {
        let found = indices(meantBy: subject)
        guard let index = found.first else {
            return .notFound(
                text: "there is no incident, rollout or release \"\(subject)\" that can be acknowledged; releases: "
                    + knownNames)
        }
        let meant = found.map { releases[$0].name }
        let release = releases[index]
        let isWhole = release.isNamed(subject)
        let incident = release.rollback?.incident.id
        let id = isWhole ? nil : subject
        if let by = release.rollback?.incident.acknowledgedBy, !isWhole, id == incident {
            return .accepted(text: "\(subject) was acknowledged already, by \(by)", incident: incident)
        }
        let hasFound = context.desk.acknowledge(by: by) { $0.isMeant(by: subject, of: meant, isWhole: isWhole) }
        guard hasFound || !isWhole else {
            return .refused(text: "nothing of \(subject) waits for an operator")
        }
        let name = order ?? operatorID("ack", context)
        if order == nil { share(subject, name, by: by, reason: reason, &context) }
        releases[index].acknowledged(by: by, reason: reason, id, shared: name, &context)
        return .accepted(
            text:
                "\(subject) is acknowledged by \(by): nothing of it is escalated any more. It stays open until it is over",
            incident: id == incident ? incident : nil)
    }

    /// By index: a release is a large value, and there may be thousands of them.
    private func indices(meantBy subject: String) -> [Int] {
        releases.indices.filter { releases[$0].isMeant(by: subject) }
    }

    /// The other replicas hear of it.
    private mutating func share(
        _ subject: String, _ name: String, by: String, reason: String, _ context: inout StepContext
    ) {
        guard replicas != nil else { return }
        let keptMs = OperatorAcknowledgement.keptMs
        let order = OperatorAcknowledgement(
            id: name, subject: subject, by: by, reason: reason, untilWallMs: context.now.wallMs + keptMs)
        replicas?.operators.take(order, restMs: keptMs, isDone: true, at: context.now)
        shareOperators(&context)
    }

    /// Something of the subject is open here that no operator has acknowledged.
    ///
    /// - Parameter isNew: the order was given just now. An older one of a whole release was about other messages.
    func isUnacknowledged(_ subject: String, isNew: Bool, _ context: StepContext) -> Bool {
        let meant = indices(meantBy: subject)
        guard let first = meant.first, isNew || !releases[first].isNamed(subject) else { return false }
        let (names, isWhole) = (meant.map { releases[$0].name }, releases[first].isNamed(subject))
        if isWhole, releases[first].hasUnacknowledgedIncident { return true }
        return context.desk.subjects.isUnacknowledged { $0.isMeant(by: subject, of: names, isWhole: isWhole) }
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
            id: operatorID("silence", context), match: match, beganWallMs: context.now.wallMs,
            endsWallMs: context.now.wallMs + forMs, by: by, reason: reason)
        context.desk.add(silence, at: context.now)
        shareOperators(&context)
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
        replicas?.operators.end(ended.id, restMs: ended.endsWallMs - context.now.wallMs, at: context.now)
        shareOperators(&context)
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

    fileprivate var hasUnacknowledgedIncident: Bool {
        rollback.map { $0.incident.acknowledgedBy == nil && !$0.incident.isRearmed } ?? false
    }

    /// Writes the acknowledgement down and announces it.
    ///
    /// - Parameters:
    ///   - id: of the incident or the rollout; nil for the whole release.
    ///   - shared: the name of the order, which all replicas have alike.
    fileprivate mutating func acknowledged(
        by: String, reason: String, _ id: String?, shared: String, _ context: inout StepContext
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
        context.notify(notification, shared: incident == nil ? shared : nil)
        context.log(.info, name, entry.event.text, incident: about)
    }
}

extension Notification {
    fileprivate func isMeant(by subject: String, of releases: [String], isWhole: Bool) -> Bool {
        releases.contains(release) && (isWhole || incident == subject || rollout == subject)
    }
}
