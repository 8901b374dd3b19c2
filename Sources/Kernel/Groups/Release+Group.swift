import Model

/// A release as a companion: what it answers when another one of its group goes back, and how it follows.
extension Release {
    /// After a restart: a group that has not ended continues.
    mutating func resumeGroup() {
        guard let incident = rollback?.incident, incident.group?.isOpen == true else { return group = nil }
        group = GroupProcess(incident: incident.id, isResumed: true)
    }

    /// Whether it could go back, as far as is known now. Nothing waits for an answer of the world.
    func preparation(_ link: GroupLink, at now: Moment) -> GroupAnswer {
        if let known = answerOfIncidents(link) { return known }
        switch phase {
        case .promoted:
            return .refused(
                reason: "\(plan.canary.version) has all the traffic, and there is nothing that it goes back to")
        case .idle:
            guard poll.share == nil, !poll.observations.areUnreadable else {
                return .idle(reason: "its canary has no traffic")
            }
            return .unknown(reason: "its router was not read yet")
        case .watching, .rollingBack, .rolledBack: break
        }
        if let promise, promise.link.key != link.key, now.wallMs < promise.untilWallMs {
            return .refused(reason: "it is prepared for \(promise.link.incident)")
        }
        return obstacle(at: now) ?? .ready(GroupVersions(from: plan.canary.version, to: plan.baseline.version))
    }

    /// It goes back for this group already, or for a reason of its own.
    private func answerOfIncidents(_ link: GroupLink) -> GroupAnswer? {
        if let known = incidentOfGroup(link.key) { return .going(incident: known) }
        guard let own = rollback?.incident, !own.intent.isDryRun, !own.isRearmed else { return nil }
        switch phase {
        case .rollingBack: return .going(incident: own.id)
        case .rolledBack: return .idle(reason: "it is rolled back already (\(own.id))")
        case .idle, .watching, .promoted: return nil
        }
    }

    /// The rollback that was begun for this key.
    private func incidentOfGroup(_ key: String) -> String? {
        incidents.last { incident in
            guard case .rollout(let trigger) = incident.intent.trigger, !incident.intent.isDryRun else { return false }
            return trigger.group?.key == key
        }?.id
    }

    /// Why a rollback would not help, or could not be done now.
    private func obstacle(at now: Moment) -> GroupAnswer? {
        if let problem = poll.health.problem { return .refused(reason: "its router cannot be used: \(problem)") }
        let freshMs = 2 * plan.rollback.observeEveryMs + plan.rollback.callLimitMs
        guard let taken = poll.takenUptimeMs, now.uptimeMs - taken <= freshMs else {
            return .unknown(reason: "its router was not read recently")
        }
        if cycles == 0 { return .unknown(reason: "its baseline was not scraped yet") }
        if let reason = troubleOfBaseline(at: now) { return .refused(reason: reason) }
        return heldReason.map { .refused(reason: "its own rollback is held: \($0)") }
    }

    /// Why users would be no better served by the baseline; nil when nothing says so.
    private func troubleOfBaseline(at now: Moment) -> String? {
        if let closed = closedWayBack(at: now) { return closed }
        if pools.baseline.healthyTargets == 0 { return "no target of its baseline could be scraped" }
        if poll.observations.sayBaselineIsAway { return "its router says that the baseline has no healthy server" }
        return nil
    }

    /// It goes back, whatever it waited for before: from here on this is a rollback like any other, and it has no group of its
    /// own to take along. The same key gives the same incident.
    ///
    /// - Parameter versions: that it was prepared for.
    mutating func commit(
        _ link: GroupLink, versions: GroupVersions, because reason: String, _ context: inout StepContext
    ) -> GroupAnswer {
        if let known = incidentOfGroup(link.key) { return .going(incident: known) }
        let present = GroupVersions(from: plan.canary.version, to: plan.baseline.version)
        guard present == versions else {
            return .stale(reason: "it was prepared for \(versions.text), and has \(present.text) now")
        }
        if let own = rollback?.incident, !own.intent.isDryRun, !own.isRearmed, own.intent.fromVersion == versions.from,
            phase == .rollingBack || phase == .rolledBack
        {
            return .going(incident: own.id)
        }
        if phase == .promoted { return .stale(reason: "\(present.from) was promoted meanwhile") }
        if let trouble = troubleOfBaseline(at: context.now) { return .held(reason: trouble) }
        startRollback(
            .rollout(RolloutTrigger(.companion, by: link.release, reason: reason, group: link)),
            because: "with \(link.release), of group \(link.group): \(reason)", &context)
        return rollback.map { .going(incident: $0.id) } ?? .unknown(reason: "no rollback was begun")
    }

    /// It is kept for the decision. The entry says so for a minute, restarts included.
    mutating func promise(_ link: GroupLink, _ versions: GroupVersions, _ context: inout StepContext) -> UInt64 {
        let next = GroupPromise(
            link: link, versions: versions, untilWallMs: context.now.wallMs + GroupPromise.validMs)
        promise = next
        return context.record(.group(.prepared(next)), release: name)
    }

    /// Writes an entry of the group and applies it.
    @discardableResult
    mutating func write(_ event: GroupEvent, _ context: inout StepContext) -> UInt64 {
        let entry = context.record(.group(event), release: name, incident: rollback?.id)
        rollback?.incident.apply(entry)
        if let kind = event.announcement, let incident = rollback?.incident {
            context.log(event.logLevel, name, event.text, incident: incident.id)
            context.notify(
                Notification(
                    kind, of: incident, plan: plan, share: poll.share, sequence: entry.sequence,
                    summary: "\(name): \(event.text)", at: context.now, isDryRun: context.isDryRun))
        }
        return entry.sequence
    }

    /// Nothing more is wanted of the companions. What was reported as open is not any more.
    mutating func endGroup(because reason: String, _ context: inout StepContext) {
        guard let run = rollback?.incident.group, run.isOpen, context.mayLead(name), !context.isDryRun else { return }
        write(.ended(reason: reason, wasReported: run.wasReported), &context)
        group = nil
    }

    /// For `status`: the group of its open incident, or what it is kept for.
    func groupText(at now: Moment) -> String? {
        if let run = rollback?.incident.group { return run.text }
        guard let promise, now.wallMs < promise.untilWallMs, phase != .rollingBack else { return nil }
        return "\(promise.link.group): prepared to go back with \(promise.link.incident)"
    }
}

extension GroupEvent {
    fileprivate var logLevel: LogLine.Level {
        switch self {
        case .decided(let decision): decision.isHeld ? .error : .warning
        case .delayed, .stale: .error
        case .begun, .prepared, .committed, .ended: .info
        }
    }
}

extension IntentRecord.Trigger {
    /// Why, in short, for companions.
    var cause: String {
        switch self {
        case .rule(let alert): "\(alert.rule) fires: \(alert.evidence.comparison)"
        case .operatorCommand(let by, let reason): "\(by): \(reason)"
        case .rollout(let trigger): trigger.text
        }
    }

    /// A verdict on the version, by a rule, an operator or a gate. What follows another release's rollback is none: a companion
    /// never takes others along.
    var takesCompanions: Bool {
        switch self {
        case .rule, .operatorCommand: true
        case .rollout(let trigger): trigger.latches && trigger.kind != .companion
        }
    }
}
