import Model

/// The subjects that are open: which receivers were notified, and who is notified next while no operator acknowledges.
struct SubjectBook: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        var record: OpenSubject
        /// When it was opened, by the monotonic clock.
        let openedUptimeMs: Int64

        var dueUptimeMs: Int64? { record.steps.first.map { openedUptimeMs + $0.dueMs } }
    }

    /// A step whose time has come.
    struct Escalation: Sendable, Equatable {
        let step: EscalationStep
        let notification: Notification
    }

    /// The oldest one is given up for a further one.
    static let limit = 200
    /// Of a notification that is kept.
    private static let timelineSteps = 6

    private var entries: [Entry] = []
    private var isChanged = false

    var all: [OpenSubject] { entries.map(\.record) }

    var nextStepUptimeMs: Int64? { entries.compactMap(\.dueUptimeMs).min() }

    func receivers(of subject: String) -> [String] {
        entries.first { $0.record.subject == subject }?.record.receivers ?? []
    }

    /// Takes a notification that was sent to these receivers by these routes.
    mutating func note(_ notification: Notification, _ names: [String], _ routes: [RoutePlan], at now: Moment) {
        let index = entries.firstIndex { $0.record.subject == notification.subject }
        if notification.closesSubject {
            guard let index else { return }
            entries.remove(at: index)
            isChanged = true
        } else if notification.needsOperator, !names.isEmpty {
            open(notification, names, routes, at: index, now)
        }
    }

    private mutating func open(
        _ notification: Notification, _ names: [String], _ routes: [RoutePlan], at index: Int?, _ now: Moment
    ) {
        var kept = notification
        kept.timeline = Array(kept.timeline.suffix(SubjectBook.timelineSteps))
        isChanged = true
        let place = index ?? append(kept, now)
        var record = entries[place].record
        record.receivers += names.filter { !record.receivers.contains($0) }
        record.notification = kept
        record.begin(routes.flatMap(\.escalation), atMs: now.uptimeMs - entries[place].openedUptimeMs)
        entries[place].record = record
    }

    private mutating func append(_ notification: Notification, _ now: Moment) -> Int {
        if entries.count >= SubjectBook.limit { entries.removeFirst() }
        let record = OpenSubject(receivers: [], openedWallMs: now.wallMs, notification: notification)
        entries.append(Entry(record: record, openedUptimeMs: now.uptimeMs))
        return entries.count - 1
    }

    /// Something of it is open that no operator has acknowledged.
    func isUnacknowledged(_ isMeant: (Notification) -> Bool) -> Bool {
        entries.contains { $0.record.acknowledgedBy == nil && isMeant($0.record.notification) }
    }

    mutating func acknowledge(by: String, _ isMeant: (Notification) -> Bool) -> Bool {
        var hasFound = false
        for index in entries.indices where isMeant(entries[index].record.notification) {
            hasFound = true
            guard entries[index].record.acknowledgedBy == nil else { continue }
            (entries[index].record.acknowledgedBy, entries[index].record.steps) = (by, [])
            isChanged = true
        }
        return hasFound
    }

    /// Nothing is escalated before the subject needs an operator again, and then from the beginning.
    mutating func settle(_ subject: String) {
        guard let index = entries.firstIndex(where: { $0.record.subject == subject }) else { return }
        (entries[index].record.steps, entries[index].record.begun) = ([], [])
        entries[index].record.acknowledgedBy = nil
        isChanged = true
    }

    /// The steps that are due, each once. Steps that came due together are one.
    mutating func takeDue(at now: Moment) -> [Escalation] {
        var due: [Escalation] = []
        for index in entries.indices {
            let steps = entries[index].record.steps
            let passed = steps.filter { entries[index].openedUptimeMs + $0.dueMs <= now.uptimeMs }.map(\.step)
            guard let last = passed.last else { continue }
            entries[index].record.steps.removeFirst(passed.count)
            due.append(begin(passed, afterMs: last.afterMs, at: index))
        }
        return due
    }

    /// What follows a receiver in these routes, as one step, without waiting for its time; nil when nothing is to come.
    mutating func takeHurried(_ subject: String, _ routes: [RoutePlan], past receiver: String) -> Escalation? {
        guard let index = entries.firstIndex(where: { $0.record.subject == subject }) else { return nil }
        let wanted = routes.compactMap { entries[index].record.step(of: $0, after: receiver) }
        let steps = entries[index].record.steps.map(\.step).filter(wanted.contains)
        guard let last = steps.last else { return nil }
        entries[index].record.steps.removeAll { steps.contains($0.step) }
        return begin(steps, afterMs: last.afterMs, at: index)
    }

    private mutating func begin(_ steps: [EscalationStep], afterMs: Int64, at index: Int) -> Escalation {
        let names = steps.flatMap(\.receivers)
        entries[index].record.receivers += names.filter { !entries[index].record.receivers.contains($0) }
        isChanged = true
        return Escalation(
            step: EscalationStep(afterMs: afterMs, receivers: names), notification: entries[index].record.notification)
    }

    /// Downtime counts: an operator did not acknowledge meanwhile. A wall clock that went back does not.
    mutating func restore(_ list: [OpenSubject], at now: Moment) {
        entries = list.map { record in
            Entry(record: record, openedUptimeMs: now.uptimeMs - max(0, now.wallMs - record.openedWallMs))
        }
    }

    mutating func takeChange() -> [OpenSubject]? {
        defer { isChanged = false }
        return isChanged ? all : nil
    }
}

extension OpenSubject {
    /// The step that follows a receiver in a route's chain, which is the route's own receivers and then those of each step;
    /// nil when it has begun already.
    fileprivate func step(of route: RoutePlan, after receiver: String) -> EscalationStep? {
        func isToCome(_ step: EscalationStep) -> Bool { steps.contains { $0.step == step } }
        return route.escalation.indices.first { place in
            let before = place == 0 ? nil : route.escalation[place - 1]
            return (before?.receivers ?? route.receivers).contains(receiver) && before.map(isToCome) != true
                && isToCome(route.escalation[place])
        }.map { route.escalation[$0] }
    }

    /// Begins the steps that have not begun yet.
    ///
    /// - Parameter nowMs: milliseconds after the subject was opened.
    fileprivate mutating func begin(_ wanted: [EscalationStep], atMs nowMs: Int64) {
        guard acknowledgedBy == nil else { return }
        for step in wanted where !begun.contains(step) {
            begun.append(step)
            steps.append(DueStep(step: step, dueMs: nowMs + step.afterMs))
        }
        steps.sort { $0.dueMs < $1.dueMs }
    }
}
