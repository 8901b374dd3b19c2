import Model
import Support

/// Restores a release from the journal. Windows start over, and what `for` has counted is kept: downtime is no evidence.
extension ReleaseState {
    /// Folds one entry in. Entries of other versions only matter for the list of incidents.
    mutating func replay(_ entry: JournalEntry, at now: Moment) {
        switch entry.event {
        case .began(let baseline, let canary):
            isReplayingOthers = baseline != plan.baseline.version || canary != plan.canary.version
            guard !isReplayingOthers else { return }
            retireRollback()
            (phase, watchedSinceUptimeMs, sinceWallMs) = (.watching, now.uptimeMs, entry.wallMs)
            regression.begin()
            forgetPending()
        case .ended(let end): replayEnd(end, wallMs: entry.wallMs)
        case .alertFiring(let alert) where !isReplayingOthers: replayAlert(alert, isFiring: true)
        case .alertResolved(let alert): replayAlert(alert, isFiring: false)
        case .alertFiring: break
        case .held: break
        case .evidence(let record): replayEvidence(record)
        case .pending(let list) where !isReplayingOthers: replayPending(list)
        case .pending: break
        case .routerUnusable: routerHealth.isReported = true
        case .routerUsable: routerHealth.isReported = false
        case .intended(let intent): replayIntent(intent, entry, at: now)
        default: replayIncident(entry, at: now)
        }
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

    private mutating func replayIntent(_ intent: IntentRecord, _ entry: JournalEntry, at now: Moment) {
        var restored = Rollback(
            incident: entry.incident ?? "\(name)-\(entry.sequence)", intent: intent, sequence: entry.sequence,
            plan: plan.rollback, at: Moment(uptimeMs: now.uptimeMs, wallMs: entry.wallMs), step: .pausing)
        restored.wakeUptimeMs = now.uptimeMs
        switch intent.trigger {
        case .rule(let alert): restored.note("intended", alert.rule, atWallMs: entry.wallMs)
        case .operatorCommand(let by, let reason): restored.note("intended", "\(by): \(reason)", atWallMs: entry.wallMs)
        }
        guard !intent.isDryRun else {
            restored.close(atWallMs: entry.wallMs)
            return restoreDryRun(restored)
        }
        phase = .rollingBack
        retireRollback()
        rollback = restored
    }

    /// A dry run moved nothing, so what it intended is history: it never takes the place of a rollback that is open or
    /// latched.
    private mutating func restoreDryRun(_ restored: Rollback) {
        if let real = rollback, !real.intent.isDryRun { return remember(restored) }
        retireRollback()
        rollback = restored
    }

    private mutating func replayIncident(_ entry: JournalEntry, at now: Moment) {
        guard var open = rollback, open.incident == entry.incident else { return }
        open.clock.note(atWallMs: entry.wallMs)
        switch entry.event {
        case .applied(let receipts):
            open.attempts += 1
            open.receipts = receipts
            open.note("applied", ReleaseState.text(receipts), atWallMs: entry.wallMs)
        case .observed(let observations):
            open.observations = observations
            open.note("observed", ReleaseState.text(observations), atWallMs: entry.wallMs)
        case .actedBeforeDurable(let reason): open.note("acted_before_durable", reason, atWallMs: entry.wallMs)
        case .provenByTraffic(let rate):
            open.note("proven", "the canary serves \(NumberText.plain(rate)) requests/s", atWallMs: entry.wallMs)
        case .unproven(let reason):
            open.unproven = reason
            open.note("unproven", reason, atWallMs: entry.wallMs)
        case .acknowledged:
            open.isAcknowledged = true
            open.drain = nil
            open.note("acknowledged", "", atWallMs: entry.wallMs)
            open.close(atWallMs: entry.wallMs)
            phase = .rolledBack
        case .abandoned(let reason):
            open.isAbandoned = true
            open.note("abandoned", reason, atWallMs: entry.wallMs)
        case .drifted(let observations):
            (open.isOpen, open.isAcknowledged, open.isAbandoned, open.closedWallMs) = (true, false, false, nil)
            open.step = .pausing
            open.clock.restart(atWallMs: entry.wallMs)
            open.reapplications += 1
            open.note("drifted", ReleaseState.text(observations), atWallMs: entry.wallMs)
            phase = .rollingBack
        case .strayed(let rate):
            (open.isOpen, open.isAcknowledged, open.isAbandoned, open.closedWallMs) = (true, false, false, nil)
            open.step = .pausing
            open.clock.restart(atWallMs: entry.wallMs)
            open.reapplications += 1
            open.note("strayed", ReleaseState.strayText(rate), atWallMs: entry.wallMs)
            phase = .rollingBack
        case .driftHeld(let reason): open.note("drift_held", reason, atWallMs: entry.wallMs)
        case .driftOverruled(let by, let reason):
            open.note("drift_overruled", "\(by): \(reason)", atWallMs: entry.wallMs)
        case .draining(let record):
            open.drain = record.isLastStep ? nil : Drain(restoring: record, atUptimeMs: now.uptimeMs)
            if record.isHeld { open.drain?.toldWallMs = entry.wallMs }
            // The last step has a deadline of its own.
            if record.isLastStep {
                open.isAbandoned = false
                open.clock.restart(atWallMs: entry.wallMs)
            }
            open.note("draining", record.text, atWallMs: entry.wallMs)
        case .fallback(let reason):
            open.isOnFallback = true
            open.note("fallback", reason, atWallMs: entry.wallMs)
        case .rearmed(let by, let reason):
            open.isRearmed = true
            open.isOnFallback = false
            open.note("rearmed", "\(by): \(reason)", atWallMs: entry.wallMs)
            if open.isOpen { open.close(atWallMs: entry.wallMs) }
            phase = .idle
        default: break
        }
        rollback = open
    }

    /// After the last entry: a latch of another version does not hold this one, and what was under way goes on.
    mutating func settleAfterReplay(at now: Moment) {
        if isReplayingOthers, rollback == nil {
            (phase, watchedSinceUptimeMs) = (.idle, nil)
            for index in alerts.indices { (alerts[index], firingRecords[index]) = (AlertState(), nil) }
        }
        isReplayingOthers = false
        guard let restored = rollback else { return }
        guard restored.intent.fromVersion == plan.canary.version else {
            retireRollback()
            (phase, watchedSinceUptimeMs) = (.idle, nil)
            return
        }
        if restored.isOpen {
            rollback?.step = .pausing
            rollback?.wakeUptimeMs = now.uptimeMs
            let callLimitMs = callLimitMs
            rollback?.resumeClock(
                plan: plan.rollback, fallback: plan.fallback, callLimitMs: callLimitMs, at: now)
            let step = restored.drain.map { "; \($0.record.text)" } ?? ""
            explanation = "restarted in the middle of a rollback: going on\(step)"
        } else if phase == .rolledBack {
            explanation = "rolled back to \(plan.baseline.version)"
        }
    }
}
