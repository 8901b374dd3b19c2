import Model

/// Who is notified of what: routes, silences, hours without messages, and what is escalated because no operator has
/// acknowledged it.
///
/// Two laws hold beside the configuration: a rollback that does not get through is never hidden, and whoever was notified of
/// the beginning of a subject is notified of its end.
struct NotificationDesk: Sendable, Equatable {
    private var receivers: [ReceiverPlan] = []
    private var routes: [RoutePlan] = []
    private var defaults: [String] = []
    private(set) var silences = SilenceBook()
    private(set) var subjects = SubjectBook()
    /// Receivers that take nothing now. In memory alone: after a restart the outbox finds out again.
    private(set) var gone: [Undelivered] = []
    /// What a receiver has not heard of, because its beginning was hidden.
    private var hidden = HiddenBeginnings()

    mutating func adopt(_ plan: Plan) {
        (receivers, routes, defaults) = (plan.receivers, plan.routes, plan.defaultReceivers)
        gone.removeAll { one in !receivers.contains { $0.name == one.receiver } }
    }

    /// Takes an entry of the journal that is ``JournalEvent/isOfNotifications``.
    mutating func restore(_ event: JournalEvent, at now: Moment) {
        switch event {
        case .silences(let list): silences.restore(list, at: now)
        case .openSubjects(let list): subjects.restore(list, at: now)
        default: break
        }
    }

    /// The receivers with these names, each once, in the order of the configuration.
    func plans(_ names: [String]) -> [ReceiverPlan] { receivers.filter { names.contains($0.name) } }

    var nextWakeUptimeMs: Int64? {
        [silences.nextEndUptimeMs, subjects.nextStepUptimeMs].compactMap { $0 }.min()
    }

    // MARK: Routing

    /// Names of the receivers of a notification; what is hidden now is remembered, and what opens or closes a subject is
    /// written down.
    mutating func receivers(of notification: Notification, at now: Moment) -> [String] {
        let matching = routes.filter { $0.match.holds(for: notification) }
        let loud = matching.filter { !$0.isMuted(notification, atWallMs: now.wallMs) }
        let wanted = matching.isEmpty ? defaultNames : NotificationDesk.names(matching)
        let subject = notification.subject
        let known = subjects.receivers(of: subject)
        var names = matching.isEmpty ? defaultNames : NotificationDesk.names(loud)
        if notification.followsSubject {
            // Neither a silence nor an hour without messages hides the end of what a receiver knows.
            names = wanted.filter { known.contains($0) || !hidden.contains(subject, $0) } + known
        } else {
            if silences.hide(notification, at: now) { names = [] }
            hidden.note(subject, wanted.filter { !names.contains($0) && !known.contains($0) })
            hidden.remove(subject, names)
        }
        if !routes.isEmpty { subjects.note(notification, names, loud, at: now) }
        if notification.closesSubject { hidden.forget(subject) }
        return names
    }

    private var defaultNames: [String] { defaults.isEmpty ? receivers.map(\.name) : defaults }

    private static func names(_ routes: [RoutePlan]) -> [String] {
        routes.flatMap(\.receivers).reduce(into: []) { names, one in if !names.contains(one) { names.append(one) } }
    }

    // MARK: What operators do

    mutating func add(_ silence: Silence, at now: Moment) { silences.add(silence, at: now) }

    /// One of another replica.
    mutating func adopt(_ silence: Silence, at now: Moment) -> Bool { silences.adopt(silence, at: now) }

    /// - Returns: nil when there is none of that id.
    mutating func endSilence(_ id: String) -> Silence? { silences.end(id) }

    /// - Returns: whether something was open.
    mutating func acknowledge(by: String, _ isMeant: (Notification) -> Bool) -> Bool {
        subjects.acknowledge(by: by, isMeant)
    }

    /// What the subject waited for has come, and the subject is not over: the next time begins from the first receivers.
    mutating func settle(_ subject: String) { subjects.settle(subject) }

    // MARK: Time

    /// Silences that are over, and steps that are due: what a tick has to do.
    mutating func due(at now: Moment) -> (ended: [Silence], escalated: [SubjectBook.Escalation]) {
        let ended = silences.takeEnded(at: now)
        // An open subject that a silence hides now is not escalated.
        let due = subjects.takeDue(at: now).filter { !silences.hides($0.notification) }
        return (ended, due)
    }

    // MARK: Receivers that are gone

    mutating func note(gone undelivered: Undelivered) {
        note(back: undelivered.receiver)
        if receivers.contains(where: { $0.name == undelivered.receiver }) { gone.append(undelivered) }
    }

    mutating func note(back receiver: String) { gone.removeAll { $0.receiver == receiver } }

    /// The next step of each route that has sent a notification to this receiver, before its time. Nil where none is to come:
    /// no route escalates it, an operator has acknowledged, the subject is over, or a silence hides it.
    mutating func hurried(_ notification: Notification, past receiver: String) -> SubjectBook.Escalation? {
        guard notification.needsOperator, !silences.hides(notification) else { return nil }
        let matching = routes.filter { $0.match.holds(for: notification) }
        return subjects.takeHurried(notification.subject, matching, past: receiver)
    }

    // MARK: The journal

    /// The lists that have changed since they were asked for last.
    mutating func changes() -> [JournalEvent] {
        [
            silences.takeChange().map { .silences($0) },
            subjects.takeChange().map { .openSubjects($0) },
        ].compactMap { $0 }
    }
}

extension Notification {
    /// It goes to everybody who was notified of its subject.
    fileprivate var followsSubject: Bool { closesSubject || event == .operatorAcknowledged }
}

/// The receivers that did not hear of the beginning of a subject. In memory alone: after a restart they hear of an end that
/// means nothing to them, which is better than the reverse.
private struct HiddenBeginnings: Sendable, Equatable {
    private struct Beginning: Sendable, Equatable {
        let subject: String
        var receivers: [String]
    }

    private static let limit = 500
    /// The oldest one is forgotten first.
    private var beginnings: [Beginning] = []

    func contains(_ subject: String, _ receiver: String) -> Bool {
        beginnings.contains { $0.subject == subject && $0.receivers.contains(receiver) }
    }

    mutating func note(_ subject: String, _ receivers: [String]) {
        guard !receivers.isEmpty else { return }
        if let index = beginnings.firstIndex(where: { $0.subject == subject }) {
            beginnings[index].receivers += receivers.filter { !beginnings[index].receivers.contains($0) }
            return
        }
        if beginnings.count >= HiddenBeginnings.limit { beginnings.removeFirst() }
        beginnings.append(Beginning(subject: subject, receivers: receivers))
    }

    /// They have heard of the subject now.
    mutating func remove(_ subject: String, _ receivers: [String]) {
        guard let index = beginnings.firstIndex(where: { $0.subject == subject }) else { return }
        beginnings[index].receivers.removeAll { receivers.contains($0) }
    }

    mutating func forget(_ subject: String) { beginnings.removeAll { $0.subject == subject } }
}
