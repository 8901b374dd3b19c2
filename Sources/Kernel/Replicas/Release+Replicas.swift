import Model

/// A release that several replicas watch.
extension Release {
    /// Leading begins or ends: what a rollout had under way in this process is forgotten, and the router is read before
    /// anything is done to it.
    ///
    /// - Parameter didLead: this replica has led until now, and knows the present step as its leader.
    mutating func startLeadingOver(didLead: Bool, _ context: inout StepContext) {
        (isBack, hasJustCome) = (false, false)
        if context.mayLead(name) { alertEpochs.lead() }
        guard plan.rollout != nil else { return }
        if didLead { stepWitness = rollouts.running.map(StepWitness.init) ?? StepWitness() }
        rollouts.restored(plan, at: context.now)
        if context.mayLead(name), let running = rollouts.running?.rollout, let clock = stepWitness.clock(of: running) {
            rollouts.running?.clock = clock
        }
        poll.schedule(atUptimeMs: context.now.uptimeMs)
    }

    /// The leader's view of versions, rollouts and the newest rollback, in place of this replica's. Windows, evidence and alerts
    /// are this replica's own and stay.
    mutating func adopt(_ document: HandoverDocument, _ context: inout StepContext) {
        leaderOrdinal = max(leaderOrdinal, document.ordinal)
        let theirs = asItsLeaderKnowsIt(document, at: context.now)
        if plan.rollout != nil, theirs.rollouts.deployment.places.map(\.name) == rollouts.deployment.places.map(\.name)
        {
            let before = rollouts.deployment
            rollouts = theirs.rollouts
            if rollouts.deployment != before {
                context.record(.deployment(rollouts.deployment), release: name)
                assign(rollouts.deployment, &context)
                // What follows from a document is no news for the others.
                context.noteKnownEntries()
            }
        }
        if theirs.forward != nil || forward?.run.isOpen == true {
            forward = theirs.forward
            resumeForward()
        }
        stepWatch = theirs.stepWatch
        limitWitness(document.step)
        alertEpochs.adopt(document.alerts)
        adopt(incidentOf: theirs, document, &context)
        (isBack, hasJustCome) = (false, false)
        alignRollout(&context)
    }

    /// The release by what a document alone says.
    private func asItsLeaderKnowsIt(_ document: HandoverDocument, at now: Moment) -> Release {
        let deployment = document.entries.lazy.compactMap { entry -> DeploymentRecord? in
            if case .deployment(let record) = entry.event { record } else { nil }
        }.last
        var replay = ReleaseReplay(Release(plan: configured, deployment: deployment, at: now), at: now)
        for entry in document.entries { replay.take(entry) }
        return replay.restored
    }

    /// This replica's rollback is acknowledged, and the leader is past it: it knows none, or another one that is over or older.
    func isOwnRollbackPast(_ document: HandoverDocument, at now: Moment) -> Bool {
        guard let own = rollback?.incident, !own.intent.isDryRun, !own.isRearmed, !own.isOpen else { return false }
        let (ownOrdinal, known) = (ReplicaIncident.ordinal(of: own.id), asItsLeaderKnowsIt(document, at: now).rollback)
        guard ownOrdinal <= document.ordinal else { return false }
        guard let theirs = known?.incident, !theirs.intent.isDryRun else { return true }
        let ordinal = ReplicaIncident.ordinal(of: theirs.id)
        return ordinal != ownOrdinal && (theirs.isRearmed || ordinal < ownOrdinal)
    }

    /// A rollback that is in force is one for the rollout that was taken in, too: nothing of it goes up again.
    mutating func alignRollout(_ context: inout StepContext) {
        guard plan.rollout != nil, let own = incidentInForce else { return }
        // The leader may not have heard of it when it wrote down which versions have failed.
        lead(&context) { $0.keepLatch(own.intent, &$1) }
        guard let running = rollouts.running, running.isLeading,
            running.rollout.version.version == own.intent.fromVersion
        else { return }
        if running.rollout.state != .rollingBack {
            lead(&context) { $0.rollbackBegan(own, because: JournalEvent.intended(own.intent).text, &$1) }
        }
        guard !own.isOpen, plan.part == nil else { return }
        lead(&context) { $0.rollbackEnded(own.intent.trigger, &$1) }
    }

    /// A rollback that is open or whose latch holds.
    var incidentInForce: Incident? {
        guard let own = rollback?.incident, !own.intent.isDryRun, !own.isRearmed,
            own.intent.fromVersion == plan.canary.version
        else { return nil }
        return own
    }

    /// The rollback in force in short, when a document does not have it.
    func entriesOfRollback(missingIn document: HandoverDocument) -> [JournalEntry] {
        guard let own = incidentInForce, !document.entries.contains(where: { $0.incident == own.id }) else { return [] }
        func entry(_ event: JournalEvent) -> JournalEntry {
            JournalEntry(
                sequence: own.intentSequence, wallMs: own.openedWallMs, release: name, incident: own.id, event: event)
        }
        return [entry(.intended(own.intent))] + (own.isOpen ? [] : [entry(.acknowledged)])
    }

    /// A crash may have come before the others heard of the rollback. Those that know it ignore it.
    func announceAgain(_ context: inout StepContext) {
        guard let own = incidentInForce else { return }
        context.emit(
            .announceRollback(
                JournalEntry(
                    sequence: own.intentSequence, wallMs: own.openedWallMs, release: name, incident: own.id,
                    event: .intended(own.intent))))
    }

    private mutating func adopt(
        incidentOf theirs: Release, _ document: HandoverDocument, _ context: inout StepContext
    ) {
        if endIfRearmed(by: document, theirs, &context) { return }
        guard let incident = theirs.rollback?.incident, !incident.intent.isDryRun else {
            return forgetOrKeepOwnRollback(document, &context)
        }
        guard let own = rollback?.incident, !own.intent.isDryRun else {
            // It was rearmed, so it holds nothing.
            if incident.isRearmed { return history.remember(incident) }
            return takeOver(theirs, &context)
        }
        let (ownOrdinal, ordinal) = (ReplicaIncident.ordinal(of: own.id), ReplicaIncident.ordinal(of: incident.id))
        if own.id == incident.id, own.isRearmed, !incident.isRearmed {
            // Rearmed by a leader that had lost the lead: no other replica has it, so the latch holds here too.
            rollback = nil
            takeOver(theirs, &context)
        } else if own.id == incident.id {
            rollback?.incident.adoptProcedure(of: incident)
            resumeProcedure()
            resumeGroup()
            if incident.isRearmed, !own.isRearmed { rearm(like: document, own.id, &context) }
        } else if !incident.isRearmed, ordinal >= ownOrdinal || document.ordinal >= ownOrdinal && isSame(own, incident)
        {
            takeOver(theirs, &context)
        } else if ordinal != ownOrdinal {
            // One that is older than a later one which was rearmed is over too.
            forgetOrKeepOwnRollback(document, &context)
        }
    }

    /// Two replicas began a rollback of one version, and one of them had not heard of all names before.
    private func isSame(_ one: Incident, _ other: Incident) -> Bool {
        one.intent.fromVersion == other.intent.fromVersion && one.intent.toVersion == other.intent.toVersion
    }

    /// This replica's rollback in force is that of the other replica, under another name.
    func hasTheRollbackUnderAnotherName(_ peer: PeerRollback) -> Bool {
        guard let own = incidentInForce, own.id != peer.entry.incident, case .intended(let intent) = peer.entry.event,
            !intent.isDryRun
        else { return false }
        return own.intent.fromVersion == intent.fromVersion && own.intent.toVersion == intent.toVersion
    }

    /// The latch of a rollback that the leader knows, or the rollback itself, which continues here.
    private mutating func takeOver(_ theirs: Release, _ context: inout StepContext) {
        retireRollback()
        driftGuard = DriftGuard()
        rollback = theirs.rollback
        resumeProcedure()
        resumeGroup()
        keepLatch(&context)
        let isOpen = rollback?.incident.isOpen == true
        enter(
            isOpen ? .rollingBack : .rolledBack, &context,
            because: "another replica rolled back to \(plan.baseline.version)")
        watchedSinceUptimeMs = nil
        poll.dropCall()
        poll.schedule(atUptimeMs: context.now.uptimeMs)
        notifyAgain(&context)
    }

    /// The latch holds after a restart too, with or without the store.
    private func keepLatch(_ context: inout StepContext) {
        guard let incident = rollback?.incident else { return }
        _ = context.record(.intended(incident.intent), release: name, incident: incident.id)
        if !incident.isOpen { _ = context.record(.acknowledged, release: name, incident: incident.id) }
        context.noteKnownEntries()
    }

    /// The leader may have died before it notified the receivers. The ids are those that it gave, so that what it did send is
    /// recognized.
    private mutating func notifyAgain(_ context: inout StepContext) {
        guard let incident = rollback?.incident,
            context.now.wallMs - incident.openedWallMs < Release.announcedAgainMs
        else { return }
        drive(&context) { process, _, step in
            process.report(
                .rollbackIntended, sequence: 0, "rolling back: \(JournalEvent.intended(incident.intent).text)", &step)
            if incident.isAcknowledged {
                process.report(.rollbackAcknowledged, sequence: 0, "the rollback is in force", &step)
            }
        }
    }

    /// Older rollbacks are not announced by a replica that takes them over.
    private static let announcedAgainMs: Int64 = 600_000

    /// The leader has no rollback of these versions. One that it has not heard of yet stays; one that it is past is history.
    private mutating func forgetOrKeepOwnRollback(_ document: HandoverDocument, _ context: inout StepContext) {
        guard let own = rollback?.incident, !own.intent.isDryRun, !own.isRearmed else { return }
        guard ReplicaIncident.ordinal(of: own.id) <= document.ordinal else { return }
        // Lowering is never undone by a document: while the canary has no share, the release waits for one. What this
        // replica began before it did not watch the release for a while, others have ended.
        guard !own.isOpen || isBack else { return }
        retireRollback()
        if phase == .rolledBack || phase == .rollingBack {
            enter(.idle, &context, because: "the leader has ended \(own.id)")
        }
        poll.schedule(atUptimeMs: context.now.uptimeMs)
    }

    /// This replica was stopped, and its rollback was acknowledged by the others and rearmed meanwhile. An operator who has ordered a
    /// rollback here since then means what is there now: that is another rollback, which the others follow.
    ///
    /// - Parameter theirs: the release as the document has it.
    /// - Returns: whether that was so, and nothing of the document's own rollback is left to take in.
    private mutating func endIfRearmed(
        by document: HandoverDocument, _ theirs: Release, _ context: inout StepContext
    ) -> Bool {
        guard let own = rollback?.incident, !own.intent.isDryRun, !own.isRearmed, own.id != theirs.rollback?.id,
            document.rearmed.contains(own.id)
        else { return false }
        let order = orderedAgain
        end(own.id, rearmedBy: "an operator", "at the leader", &context)
        // The version is out already by another rollback, which this replica takes over.
        if let other = theirs.rollback?.incident, !other.isRearmed, !other.intent.isDryRun { return false }
        if let order, phase != .rollingBack {
            startRollback(order, because: "ordered again while \(own.id) was open here", &context)
        }
        return true
    }

    /// An operator rearmed the release at the leader.
    private mutating func rearm(like document: HandoverDocument, _ id: String, _ context: inout StepContext) {
        let rearmed = document.entries.last { entry in
            if case .rearmed = entry.event { entry.incident == id } else { false }
        }
        guard case .rearmed(let by, let reason)? = rearmed?.event else { return }
        end(id, rearmedBy: by, reason, &context)
    }

    private mutating func end(
        _ id: String, rearmedBy by: String, _ reason: String, _ context: inout StepContext
    ) {
        orderedAgain = nil
        drive(&context) { process, _, step in
            process.write(.rearmed(by: by, reason: reason), &step)
            process.settle()
        }
        if phase == .rolledBack || phase == .rollingBack {
            enter(.idle, &context, because: "rearmed by \(by): \(reason)")
        }
        poll.dropCall()
        poll.schedule(atUptimeMs: context.now.uptimeMs)
    }

    /// Another replica took the canary out: so does this one, under the same name, and the latch holds here too.
    mutating func follow(_ peer: PeerRollback, _ context: inout StepContext) {
        keepVerdict(of: peer, &context)
        guard case .intended(let intent) = peer.entry.event, !intent.isDryRun, let id = peer.entry.incident,
            intent.fromVersion == plan.canary.version, intent.toVersion == plan.baseline.version,
            !incidents.contains(where: { $0.id == id }), ReplicaIncident.ordinal(of: id) >= leaderOrdinal
        else { return }
        // Its own rollback of the same version is under way, or holds already.
        if let own = rollback?.incident, !own.intent.isDryRun, !own.isRearmed,
            own.intent.fromVersion == intent.fromVersion
        {
            return
        }
        startRollback(
            intent.trigger, because: "\(peer.replica) takes the canary out: \(peer.entry.event.text)",
            shareBefore: intent.splitBefore?.canaryBasisPoints, id: id, &context)
    }

    /// Two replicas have begun one rollback for different reasons, and one of these says that the version has failed.
    private mutating func keepVerdict(of peer: PeerRollback, _ context: inout StepContext) {
        guard plan.rollout != nil, case .intended(let intent) = peer.entry.event, !intent.isDryRun,
            let own = incidentInForce, own.intent.fromVersion == intent.fromVersion
        else { return }
        lead(&context) { $0.keepLatch(intent, &$1) }
    }
}
