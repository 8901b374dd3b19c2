import Model

/// The messages of a release that are not part of a rollback: alerts, the state of its router, a wanted rollback that is not
/// begun, and what a dry run would have done. Those of a rollback come from ``RollbackProcess``.
struct ReleaseNotices {
    let plan: ReleasePlan
    /// What the canary has now, basis points; nil while it is not known.
    let share: Int?

    private var name: String { plan.name }

    /// Writes the changes of alerts to the journal, notifies the receivers, and logs them.
    func report(_ outcomes: [RuleOutcome], _ context: inout StepContext) {
        for outcome in outcomes {
            let event: JournalEvent = outcome.isFiring ? .alertFiring(outcome.alert) : .alertResolved(outcome.alert)
            let sequence = context.record(event, release: name)
            let kind: Notification.Event = outcome.isFiring ? .alertFiring : .alertResolved
            let shared = outcome.alert.sharedName(name, kind)
            send(kind, sequence, outcome.text, alert: outcome.alert, shared: shared, &context)
            context.log(outcome.isFiring ? .warning : .info, name, outcome.text, rule: outcome.alert.rule)
        }
    }

    /// The same for what a poll found out about the router.
    func report(_ change: RouterHealth.Change, _ context: inout StepContext) {
        switch change {
        case .failed(let problem): context.log(.warning, name, "the router cannot be used: \(problem)")
        case .unusable(let problem, let polls):
            let sequence = context.record(.routerUnusable(reason: problem), release: name)
            context.log(.error, name, "the router cannot be used, \(polls) polls in a row: \(problem)")
            send(
                .routerUnusable, sequence,
                "the router cannot be used: \(problem). A rollback would not get through; fix it now.", &context)
        case .usable:
            let sequence = context.record(.routerUsable, release: name)
            context.log(.info, name, "the router can be used again")
            send(.routerRecovered, sequence, "the router can be used again", &context)
        }
    }

    /// The same for what is known of the targets.
    func report(_ change: TargetHealth.Change, _ context: inout StepContext) {
        switch change {
        case .unusable(let reason):
            let sequence = context.record(.targetsUnusable(reason: reason), release: name)
            context.log(.error, name, reason)
            send(.targetsUnusable, sequence, reason, &context)
        case .usable:
            let sequence = context.record(.targetsUsable, release: name)
            context.log(.info, name, "the targets are known again")
            send(.targetsRecovered, sequence, "the targets are known again", &context)
        }
    }

    /// The baseline does not fit the schema any more; nil when that is over.
    func reportWayBack(closed reason: String?, _ context: inout StepContext) {
        guard let reason else {
            let sequence = context.record(.wayBackOpened, release: name)
            context.log(.info, name, JournalEvent.wayBackOpened.text)
            return send(.wayBackOpened, sequence, JournalEvent.wayBackOpened.text, &context)
        }
        let sequence = context.record(.wayBackClosed(reason: reason), release: name)
        context.log(.error, name, reason)
        send(.wayBackClosed, sequence, "\(reason). No rollback is begun any more.", &context)
    }

    /// The canary has traffic although what it needs of the schema is absent; nil when that is over.
    func reportSchemaBreach(_ reason: String?, _ context: inout StepContext) {
        guard let reason else {
            let sequence = context.record(.schemaBreachEnded, release: name)
            context.log(.info, name, JournalEvent.schemaBreachEnded.text)
            return send(.schemaBreachEnded, sequence, JournalEvent.schemaBreachEnded.text, &context)
        }
        let sequence = context.record(.schemaBreached(reason: reason), release: name)
        context.log(.error, name, reason)
        send(.schemaBreached, sequence, reason, &context)
    }

    /// The same for a rollback that a rule asks for and that is not begun: an operator is needed.
    func report(_ hold: HoldRecord, alert: AlertRecord?, _ context: inout StepContext) {
        let sequence = context.record(.held(hold), release: name)
        send(
            .rollbackHeld, sequence,
            "\(hold.rule) asks for a rollback, but \(hold.reason). An operator is needed.", alert: alert, &context)
        context.emit(.measure(.rollback(release: name, outcome: "held")))
        context.log(.error, name, "held: \(hold.reason)", rule: hold.rule)
    }

    /// The rollback that a dry run would have begun, with the calls that it would have made.
    ///
    /// - Parameters:
    ///   - splits: that the rollback would have set, in order.
    ///   - sequence: of the journal entry with the intent.
    func reportDryRun(
        _ incident: Incident?, splits: [Split], sequence: UInt64, _ text: String, _ context: inout StepContext
    ) {
        for split in splits { context.emit(.showPlannedCalls(release: name, split: split)) }
        context.emit(.measure(.rollback(release: name, outcome: "dry_run")))
        context.log(.warning, name, text, incident: incident?.id)
        context.notify(
            Notification(
                .rollbackIntended, of: incident, plan: plan, share: share, sequence: sequence,
                summary: "\(name): \(text)", at: context.now, isDryRun: true))
    }

    private func send(
        _ event: Notification.Event, _ sequence: UInt64, _ text: String, alert: AlertRecord? = nil,
        shared: String? = nil, _ context: inout StepContext
    ) {
        context.notify(
            message(event, sequence: sequence, text, alert: alert, at: context.now, isDryRun: context.isDryRun),
            shared: shared)
    }

    /// A message that belongs to no incident.
    ///
    /// - Parameters:
    ///   - sequence: of the journal entry that it reports; 0 for one that repeats what is known.
    ///   - text: without the name of the release.
    func message(
        _ event: Notification.Event, sequence: UInt64, _ text: String, alert: AlertRecord? = nil, at now: Moment,
        isDryRun: Bool
    ) -> Notification {
        Notification(
            event, of: nil, plan: plan, share: share, sequence: sequence, summary: "\(name): \(text)", alert: alert,
            at: now, isDryRun: isDryRun)
    }
}
