import Model
import Support

/// Restores a release from the journal. Windows start over, and what `for` has counted is kept: downtime is no evidence.
extension ReleaseState {
    /// Folds one entry in. Entries of other versions only matter for the list of incidents.
    mutating func replay(_ entry: JournalEntry, at now: Moment) {
        switch entry.event {
        case .began(let baseline, let canary): replayBeginning(baseline, canary, entry, at: now)
        case .ended(let end): replayEnd(end, wallMs: entry.wallMs)
        // A rule that fires for other versions does not fire for these any more.
        case .alertFiring(let alert): replayAlert(alert, isFiring: !isReplayingOthers)
        case .alertResolved(let alert): replayAlert(alert, isFiring: false)
        case .held: break
        case .evidence(let record): replayEvidence(record)
        case .pending(let list): if !isReplayingOthers { replayPending(list) }
        case .routerUnusable: routerHealth.isReported = true
        case .routerUsable: routerHealth.isReported = false
        case .intended: replayIntent(entry, at: now)
        case .unreadable(let kind, let reason):
            noteUnreadable(kind, reason, entry)
            replayIncident(entry)
        case .actedBeforeDurable, .draining, .applied, .observed, .provenByTraffic, .unproven, .acknowledged,
            .abandoned, .fallback, .drifted, .strayed, .driftHeld, .driftOverruled, .rearmed:
            replayIncident(entry)
        }
    }

    private mutating func replayBeginning(
        _ baseline: String, _ canary: String, _ entry: JournalEntry, at now: Moment
    ) {
        // What came before restores nothing any more.
        unreadableEntries = []
        isReplayingOthers = baseline != plan.baseline.version || canary != plan.canary.version
        (watchedSinceUptimeMs, sinceWallMs) = (nil, entry.wallMs)
        guard !isReplayingOthers else { return replayBeginningOfOthers() }
        retireRollback()
        (phase, watchedSinceUptimeMs) = (.watching, now.uptimeMs)
        regression.begin()
        forgetPending()
    }

    /// Other versions began: what these were doing is over, but for a latch.
    private mutating func replayBeginningOfOthers() {
        if let incident = rollback?.incident, !incident.intent.isDryRun { return }
        retireRollback()
        phase = .idle
    }

    /// Statistical evidence and pending alerts start over, which needs no attention beyond the log's.
    private mutating func noteUnreadable(_ kind: String, _ reason: String, _ entry: JournalEntry) {
        guard kind != "evidence", kind != "pending", unreadableEntries.count < 10 else { return }
        let consequence = kind == "intended" ? "; the rollback that it began is not known to this process" : ""
        unreadableEntries.append(
            "journal entry \(entry.sequence) (\(kind)) cannot be read and was skipped: \(reason)\(consequence)")
    }

    private mutating func replayEnd(_ end: ReleaseEnd, wallMs: Int64) {
        if end == .replaced { retireRollback() }
        guard !isReplayingOthers else { return }
        forgetPending()
        watchedSinceUptimeMs = nil
        sinceWallMs = wallMs
        phase =
            switch end {
            case .promoted: .promoted
            case .rolledBack: .rolledBack
            case .withdrawn, .replaced: .idle
            }
    }

    private mutating func replayAlert(_ alert: AlertRecord, isFiring: Bool) {
        guard let index = plan.rules.firstIndex(where: { $0.name == alert.rule }) else { return }
        firingRecords[index] = isFiring ? alert : nil
        alerts[index] =
            isFiring ? AlertState(restoredFiringSinceWallMs: alert.activeSinceWallMs) : AlertState()
    }

    private mutating func replayIntent(_ entry: JournalEntry, at now: Moment) {
        guard let incident = Incident(entry) else { return }
        // A dry run moved nothing, so what it intended is history: it never takes the place of a rollback that is open or
        // latched.
        if incident.intent.isDryRun, let real = rollback?.incident, !real.intent.isDryRun { return remember(incident) }
        retireRollback()
        rollback = Rollback(incident, plan: plan.rollback, at: now, step: .settled)
        if incident.isOpen { phase = .rollingBack }
    }

    /// The entry changes the incident; the phase follows where it opens, closes or rearms it.
    private mutating func replayIncident(_ entry: JournalEntry) {
        guard let before = rollback?.incident, before.id == entry.incident else { return }
        rollback?.incident.apply(entry)
        guard let now = rollback?.incident else { return }
        if now.isRearmed != before.isRearmed {
            if phase == .rolledBack || phase == .rollingBack { phase = .idle }
        } else if now.isOpen != before.isOpen {
            phase = now.isOpen ? .rollingBack : .rolledBack
        }
    }

    /// After the last entry: a latch of another version does not hold this one, and what was under way continues.
    mutating func settleAfterReplay(at now: Moment) {
        if isReplayingOthers, rollback == nil {
            (phase, watchedSinceUptimeMs) = (.idle, nil)
            for index in alerts.indices { (alerts[index], firingRecords[index]) = (AlertState(), nil) }
        }
        isReplayingOthers = false
        guard let restored = rollback else { return forgetLostRollback() }
        guard restored.incident.intent.fromVersion == plan.canary.version else {
            retireRollback()
            (phase, watchedSinceUptimeMs) = (.idle, nil)
            return
        }
        rollback?.isOpen = restored.incident.isOpen
        rollback?.unproven = restored.incident.unproven
        if restored.incident.isOpen {
            continueRollback(at: now)
        } else if phase == .rolledBack {
            explanation = "rolled back to \(plan.baseline.version)"
        }
    }

    /// A latch without its rollback, whose entry cannot be read, would leave the canary alone with its traffic. It is
    /// watched like a new one instead.
    private mutating func forgetLostRollback() {
        guard phase == .rolledBack || phase == .rollingBack else { return }
        (phase, watchedSinceUptimeMs) = (.idle, nil)
    }

    private mutating func continueRollback(at now: Moment) {
        guard let incident = rollback?.incident else { return }
        rollback?.isOverdue = incident.isAbandoned
        rollback?.step = .pausing
        rollback?.wakeUptimeMs = now.uptimeMs
        rollback?.attempts = incident.attempts
        rollback?.receipts = incident.receipts
        rollback?.observations = incident.observations
        rollback?.drain = incident.step.map { Drain(restoring: $0, atUptimeMs: now.uptimeMs) }
        if incident.step?.isHeld == true { rollback?.drain?.toldWallMs = incident.stepWallMs }
        let callLimitMs = callLimitMs
        rollback?.resumeClock(plan: plan.rollback, fallback: plan.fallback, callLimitMs: callLimitMs, at: now)
        let step = incident.step.map { "; \($0.text)" } ?? ""
        explanation = "restarted in the middle of a rollback: continuing it\(step)"
    }
}
