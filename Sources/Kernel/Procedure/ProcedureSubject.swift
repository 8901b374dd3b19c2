import Model

/// What a plan under way belongs to: a rollback, or a way forward.
enum ProcedureSubject {
    case incident(Incident)
    case forward(ForwardProcedure, RoadSigns)

    /// The id in the journal, and in the keys of the steps.
    var id: String {
        switch self {
        case .incident(let incident): incident.id
        case .forward(let forward, _): forward.id
        }
    }

    var run: ProcedureRun? {
        switch self {
        case .incident(let incident): incident.procedure
        case .forward(let forward, _): forward.run
        }
    }

    var incident: Incident? { if case .incident(let incident) = self { incident } else { nil } }

    var forward: ForwardProcedure? { if case .forward(let forward, _) = self { forward } else { nil } }

    /// Until the last step has to be over; nil for the ways forward, which wait for gates and for people.
    func deadlineMs(_ run: ProcedureRun) -> Int64? { incident == nil ? nil : run.deadlineMs }

    func versions(_ plan: ReleasePlan) -> ForwardVersions {
        switch self {
        case .incident(let incident):
            ForwardVersions(baseline: incident.intent.toVersion, canary: incident.intent.fromVersion)
        case .forward(let forward, _): forward.versions
        }
    }

    /// Notifies people of an entry.
    func announce(
        _ announcement: Notification.Event, _ entry: JournalEntry, _ text: String, plan: ReleasePlan, share: Int?,
        _ context: inout StepContext
    ) {
        var notification = Notification(
            announcement, of: incident, plan: plan, share: share, sequence: entry.sequence,
            summary: "\(plan.name): \(text)", at: context.now, isDryRun: context.isDryRun)
        guard let forward else { return context.notify(notification) }
        (notification.baselineVersion, notification.canaryVersion) = (
            forward.versions.baseline, forward.versions.canary
        )
        notification.rollout = forward.id
        context.notify(notification, ordinal: Int(clamping: entry.sequence))
    }

    mutating func apply(_ entry: JournalEntry) {
        switch self {
        case .incident(var incident):
            incident.apply(entry)
            self = .incident(incident)
        case .forward(var forward, let signs):
            forward.apply(entry)
            self = .forward(forward, signs)
        }
    }
}

/// How far a release has come on its ways forward, as its steps see it.
struct RoadSigns: Sendable, Equatable {
    /// The router was called for the first share, or shows it.
    var isFirstShareCalled = false
    /// The router shows the first share.
    var isFirstShareInForce = false
    /// Nothing but the plan keeps the canary from getting everything.
    var isLastShareWanted = false
    var isLastShareCalled = false
    /// For good: it does not bake any more.
    var isPromoted = false
    /// The router shows that the canary has nothing.
    var isOut = false

    func isDue(_ step: ProcedureStep) -> Bool {
        switch (step.road, step.at) {
        case (.begin, .before): true
        case (.begin, .split): isFirstShareCalled
        case (.begin, .after): isFirstShareInForce
        case (.promote, .before): isLastShareWanted
        case (.promote, .split): isLastShareCalled
        case (.promote, .after): isPromoted
        case (.rollback, _): isOut
        case (.watch, _), (_, .proof), (_, .drained): false
        }
    }
}
