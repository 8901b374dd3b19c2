import Kernel
import Model

/// Where the world reports to its checkers.
extension VirtualWorld {
    func checkAppend(_ batch: JournalBatch) {
        for entry in batch.entries {
            guard let index = releaseIndex(entry.release), let view = view(of: index) else { continue }
            checks.appended(entry, release: index, view)
        }
    }

    func checkMeasurement(_ measurement: Measurement) {
        guard case .driftCorrection(let name) = measurement, let index = releaseIndex(name) else { return }
        if let view = view(of: index) { checks.correctsDrift(release: index, view) }
    }

    private func view(of release: Int) -> WorldView? {
        guard let plan = releases[release].lastPlan else { return nil }
        return WorldView(
            nowMs: nowMs, uptimeMs: moment.uptimeMs, lifeBeganMs: lifeBeganMs,
            resumedMs: stoppedUntilMs, longestDelayMs: swarm.longestDelayMs, wallShiftMs: wallShiftMs,
            lives: pastLives + [min(lifeBeganMs, nowMs)...nowMs], release: releases[release], plan: plan)
    }

    /// A driver is about to set a split.
    func checkApply(_ release: Int, _ split: Split, life number: Int) {
        guard isAlive(number), let life = daemon else { return }
        if swarm.isDryRun { return checks.dryRunApplies(releases[release].name) }
        checks.applies(
            release: release, incident: life.openIncidents[release], split: split,
            plan: plan.releases.first { $0.name == releases[release].name },
            durable: disk.entries, graceMs: plan.daemon.journal.graceMs, uptimeMs: moment.uptimeMs)
    }

    /// A correction less than a minute after the last one has no entry and opens no incident: it belongs to the one whose
    /// latch holds.
    func incidentInWork(_ release: Int, _ snapshot: Snapshot) -> String? {
        let name = releases[release].name
        guard let shown = snapshot.releases.first(where: { $0.name == name }) else { return nil }
        guard shown.openIncident == nil, shown.phase == .rollingBack else { return shown.openIncident }
        return snapshot.incidents.filter { $0.release == name }.max { $0.intentSequence < $1.intentSequence }?.id
    }

    func checkCycle(_ release: Int, _ snapshot: Snapshot) {
        checks.saw(snapshot, plans: self.plan.releases, atMs: nowMs)
        guard let plan = planned(release) else { return }
        checks.showed(snapshot, releases[release], plan: plan, nowMs: nowMs)
        checks.cycleEnded(release: release, snapshot, plan: plan, atWallMs: moment.wallMs)
    }

    /// A dry run's journal begins with each start, so what an earlier life has sent is not in it.
    func checkDelivery(_ posting: Posting) {
        if swarm.isDryRun, posting.life != daemon?.number { return }
        checks.received(posting.delivery, disk: disk, unsaved: posting.unsaved, isOfThisLife: isAlive(posting.life))
    }

    /// The time to converge is over.
    func calm() {
        note("calm")
        guard let snapshot = snapshot() else { return checks.foundDead() }
        checks.calmed(snapshot, disk: disk)
    }

    func end() {
        note("end")
        isOver = true
        guard let snapshot = snapshot() else { return checks.foundDead() }
        checks.finished(snapshot, releases, disk: disk, nowMs: nowMs)
    }
}
