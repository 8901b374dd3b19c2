import Model
import Support

/// Restores a release from its journal entries. Windows start over, and what `for` has counted is kept: downtime is no evidence.
struct ReleaseReplay {
    private var release: Release
    private let now: Moment
    /// The entries belong to other versions than the plan's.
    private var isReplayingOthers = false
    /// Their baseline is another version.
    private var isReplayingOtherBaseline = false

    /// - Parameter release: as it is without a journal.
    init(_ release: Release, at now: Moment) { (self.release, self.now) = (release, now) }

    var name: String { release.name }

    /// Takes the next entry. Entries of other versions only matter for the list of incidents.
    mutating func take(_ entry: JournalEntry) {
        switch entry.event {
        case .began(let baseline, let canary): replayBeginning(baseline, canary, entry)
        case .ended(let end): replayEnd(end, wallMs: entry.wallMs)
        // A rule that fires for other versions does not fire for these any more.
        case .alertFiring(let alert):
            release.rules.restore(alert, isFiring: !isReplayingOthers)
            release.alertEpochs.restore(alert, isFiring: !isReplayingOthers)
        case .alertResolved(let alert):
            release.rules.restore(alert, isFiring: false)
            release.alertEpochs.restore(alert, isFiring: false)
        // What a source lists now is in no journal.
        case .held, .targetsChanged, .configured, .leaderChanged, .silences, .openSubjects: break
        case .evidence(let record): replayEvidence(record, wallMs: entry.wallMs)
        case .pending(let list): if !isReplayingOthers { release.rules.restore(pending: list) }
        case .routerUnusable: release.poll.health.isReported = true
        case .routerUsable: release.poll.health.isReported = false
        case .targetsUnusable(let reason): release.targetHealth.restore(reason: reason)
        case .targetsUsable: release.targetHealth.restoreUsable()
        case .wayBackClosed: release.schema.isReported = true
        case .wayBackOpened: release.schema.isReported = false
        case .schemaBreached: release.schema.isBreachReported = true
        case .schemaBreachEnded: release.schema.isBreachReported = false
        case .intended: replayIntent(entry)
        case .group(.prepared(let promise)): release.promise = promise
        case .rollout(_, let event):
            release.rollouts.replay(entry, at: now)
            if case .begun = event {
                replayFreshStart()
                // What is undone is waited for; any other plan gives way to that of the new rollout.
                if release.forward?.undo?.isOpen != true { release.forward = nil }
            }
        case .deployment: release.rollouts.replay(entry, at: now)
        case .unreadable(let kind, let reason):
            noteUnreadable(kind, reason, entry)
            replayIncident(entry)
        case .actedBeforeDurable, .draining, .applied, .observed, .provenByTraffic, .unproven, .acknowledged,
            .abandoned, .fallback, .drifted, .strayed, .driftHeld, .driftOverruled, .rearmed,
            .operatorAcknowledged, .escalated:
            replayIncident(entry)
        case .procedure(let event):
            replayForward(event, entry)
            replayIncident(entry)
        case .group: replayIncident(entry)
        }
    }

    private mutating func replayBeginning(_ baseline: String, _ canary: String, _ entry: JournalEntry) {
        // What came before restores nothing any more.
        release.unreadableEntries = []
        release.stepWatch = StepWatch()
        if release.plan.rollout == nil { release.forward = nil }
        release.promise = nil
        isReplayingOthers = baseline != release.plan.baseline.version || canary != release.plan.canary.version
        isReplayingOtherBaseline = baseline != release.plan.baseline.version
        (release.watchedSinceUptimeMs, release.sinceWallMs) = (nil, entry.wallMs)
        guard !isReplayingOthers else { return replayBeginningOfOthers() }
        release.retireRollback()
        (release.phase, release.watchedSinceUptimeMs) = (.watching, now.uptimeMs)
        release.rules.regression.begin()
        release.rules.forgetPending()
    }

    /// Other versions began: what these were doing is over, but for a latch.
    private mutating func replayBeginningOfOthers() {
        if let incident = release.rollback?.incident, !incident.intent.isDryRun { return }
        release.retireRollback()
        release.phase = .idle
    }

    /// Statistical evidence and pending alerts start over, which needs no attention beyond the log's.
    private mutating func noteUnreadable(_ kind: String, _ reason: String, _ entry: JournalEntry) {
        guard kind != "evidence", kind != "pending", release.unreadableEntries.count < 10 else { return }
        let consequence = kind == "intended" ? "; the rollback that it began is not known to this process" : ""
        release.unreadableEntries.append(
            "journal entry \(entry.sequence) (\(kind)) cannot be read and was skipped: \(reason)\(consequence)")
    }

    private mutating func replayForward(_ event: ProcedureEvent, _ entry: JournalEntry) {
        release.stepWatch.restore(event)
        if let new = ForwardProcedure(entry) { release.forward = new } else { release.forward?.apply(entry) }
    }

    private mutating func replayEnd(_ end: ReleaseEnd, wallMs: Int64) {
        if end == .replaced { release.retireRollback() }
        guard !isReplayingOthers else { return }
        release.rules.forgetPending()
        release.watchedSinceUptimeMs = nil
        release.sinceWallMs = wallMs
        release.phase =
            switch end {
            case .promoted: .promoted
            case .rolledBack: .rolledBack
            case .withdrawn, .replaced: .idle
            }
    }

    /// A rollout began, perhaps with the version of the one before it: that one's incident is history, as in the process
    /// that wrote the entry.
    private mutating func replayFreshStart() {
        guard release.phase == .rolledBack || release.phase == .promoted else { return }
        release.retireRollback()
        release.phase = .idle
    }

    private mutating func replayEvidence(_ record: EvidenceRecord, wallMs: Int64) {
        let missingMs = now.wallMs - wallMs
        guard !isReplayingOthers else {
            return release.rules.regression.restoreHistory(
                record, plan: release.plan, isAnotherVersion: isReplayingOtherBaseline, missingMs: missingMs)
        }
        release.rules.regression.restore(
            record, plan: release.plan, isWatching: release.phase == .watching, missingMs: missingMs)
    }

    private mutating func replayIntent(_ entry: JournalEntry) {
        guard let incident = Incident(entry) else { return }
        release.promise = nil
        // A dry run moved nothing, so what it intended is history: it never takes the place of a rollback that is open or
        // latched.
        if incident.intent.isDryRun, let real = release.rollback?.incident, !real.intent.isDryRun {
            return release.history.remember(incident)
        }
        release.retireRollback()
        (release.rollback, release.driftGuard) = (
            RollbackProcess(incident, plan: release.plan.rollback, at: now, state: .settled), DriftGuard()
        )
        if incident.isOpen { release.phase = .rollingBack }
    }

    /// The entry changes the incident; the phase follows where it opens, closes or rearms it.
    private mutating func replayIncident(_ entry: JournalEntry) {
        guard let before = release.rollback?.incident, before.id == entry.incident else {
            return release.history.replay(entry)
        }
        release.rollback?.incident.apply(entry)
        guard let after = release.rollback?.incident else { return }
        if after.isRearmed != before.isRearmed {
            if release.phase == .rolledBack || release.phase == .rollingBack { release.phase = .idle }
        } else if after.isOpen != before.isOpen {
            release.phase = after.isOpen ? .rollingBack : .rolledBack
        }
    }

    /// After the last entry: a latch of another version does not hold this one, and what was under way continues.
    var restored: Release {
        var whole = self
        whole.settle()
        whole.release.resumeProcedure()
        whole.release.resumeForward()
        whole.release.resumeGroup()
        whole.release.rollouts.restored(whole.release.plan, at: now)
        return whole.release
    }

    private mutating func settle() {
        if isReplayingOthers, release.rollback == nil {
            (release.phase, release.watchedSinceUptimeMs) = (.idle, nil)
            release.rules.forgetAlerts()
        }
        guard var restored = release.rollback else { return forgetLostRollback() }
        guard restored.incident.intent.fromVersion == release.plan.canary.version else {
            release.retireRollback(keepsPlan: true)
            (release.phase, release.watchedSinceUptimeMs) = (.idle, nil)
            return
        }
        restored.resume(plan: release.plan, at: now)
        release.rollback = restored
        if restored.incident.isOpen {
            let step = restored.incident.step.map { "; \($0.text)" } ?? ""
            release.explanation = "restarted in the middle of a rollback: continuing it\(step)"
        } else if release.phase == .rolledBack {
            release.explanation = "rolled back to \(release.plan.baseline.version)"
        }
    }

    /// A latch without its rollback, whose entry cannot be read, would leave the canary alone with its traffic. It is
    /// watched like a new one instead.
    private mutating func forgetLostRollback() {
        guard release.phase == .rolledBack || release.phase == .rollingBack else { return }
        (release.phase, release.watchedSinceUptimeMs) = (.idle, nil)
    }
}
