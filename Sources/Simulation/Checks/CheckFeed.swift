import Kernel
import Model

/// Reports to the checkers what happens in the world, with what the world knows of it.
struct CheckFeed {
    let swarm: Swarm
    let timeline: Timeline
    let fleet: Fleet
    let process: DaemonProcess
    let disk: VirtualDisk
    let targetFiles: VirtualTargetFiles
    let plans: PlanTraffic
    let checks: Checkers

    /// Longer than every window and every deadline of a run.
    private static let forgottenAfterMs: Int64 = 120_000

    /// A plan comes into force.
    func take(_ plan: Plan) {
        for release in fleet.take(plan) { checks.newVersion(release: release) }
    }

    func appended(_ batch: JournalBatch) {
        for entry in batch.entries {
            checks.follows(entry, durable: disk.entries)
            guard let index = fleet.index(of: entry.release), let view = view(of: index) else {
                checks.appended(ofNoRelease: entry)
                continue
            }
            if case .intended = entry.event { plans.intended(index) }
            checks.appended(entry, release: index, view, wasFlagOff: plans.wasFlagOff(index))
        }
    }

    func measured(_ measurement: Measurement) {
        guard case .driftCorrection(let name) = measurement, let index = fleet.index(of: name) else { return }
        if let view = view(of: index) { checks.correctsDrift(release: index, view) }
    }

    private func view(of release: Int) -> WorldView? {
        guard let plan = fleet.releases[release].rolePlan else { return nil }
        return WorldView(
            nowMs: timeline.nowMs, uptimeMs: process.moment.uptimeMs, lifeBeganMs: process.lifeBeganMs,
            resumedMs: process.stoppedUntilMs, longestDelayMs: swarm.longestDelayMs, wallShiftMs: process.wallShiftMs,
            lives: process.pastLives + [min(process.lifeBeganMs, timeline.nowMs)...timeline.nowMs],
            release: fleet.releases[release], plan: plan)
    }

    /// A driver is about to set a split.
    func applies(_ release: Int, _ split: Split, life number: Int, timeoutMs: Int64) {
        guard process.isAlive(number), let life = process.life else { return }
        if swarm.isDryRun { return checks.dryRunApplies(fleet.releases[release].name) }
        checks.callsRouter(release: release)
        if life.openIncidents[release] == nil {
            checks.replicas?.leads(process.machine, release: release, split: split, timeoutMs: timeoutMs)
        }
        if fleet.releases[release].isLed, life.openIncidents[release] == nil {
            return checks.leads(
                release: release, split: split, durable: disk.entries, name: fleet.releases[release].name)
        }
        checks.applies(
            release: release, incident: life.openIncidents[release], split: split,
            plan: fleet.plan.releases.first { $0.name == fleet.releases[release].name },
            durable: disk.entries, graceMs: fleet.plan.daemon.journal.graceMs, uptimeMs: process.moment.uptimeMs)
    }

    /// A correction less than a minute after the last one has no entry and opens no incident: it belongs to the one
    /// whose latch holds.
    func incidentInWork(_ release: Int, _ snapshot: Snapshot) -> String? {
        let name = fleet.releases[release].name
        guard let shown = snapshot.releases.first(where: { $0.name == name }) else { return nil }
        guard shown.openIncident == nil, shown.phase == .rollingBack else { return shown.openIncident }
        return snapshot.incidents.filter { $0.release == name }.max { $0.intentSequence < $1.intentSequence }?.id
    }

    /// The daemon has other targets from here on.
    func watches(_ effective: Plan, release: String) {
        guard let plan = effective.releases.first(where: { $0.name == release }), plan.discovery != nil,
            let index = fleet.index(of: release)
        else { return }
        checks.watches(plan, release: index, nowMs: timeline.nowMs, uptimeMs: process.moment.uptimeMs)
    }

    /// A target is asked for its scrape body.
    func scrapes(_ instance: String, release: Int) {
        guard let plan = fleet.planned(release), plan.discovery != nil else { return }
        checks.scrapes(instance, release: release, plan: plan, nowMs: timeline.nowMs, resumedMs: process.stoppedUntilMs)
    }

    func cycleEnded(_ release: Int, _ snapshot: Snapshot) {
        // For a machine whose clock rested, more time has passed than it can know.
        let restedMs = process.machineClock.resumedMs.map { timeline.nowMs - $0 } ?? .max
        let hasRested = restedMs <= CheckFeed.forgottenAfterMs
        checks.saw(snapshot, plans: fleet.plan.releases, atMs: timeline.nowMs, hasRested: hasRested)
        guard fleet.planned(release) != nil, let plan = fleet.releases[release].rolePlan else { return }
        let wallMs = process.moment.wallMs
        if !hasRested {
            checks.showed(snapshot, fleet.releases[release], plan: plan, nowMs: timeline.nowMs, wallMs: wallMs)
        }
        checks.cycleEnded(release: release, snapshot, plan: plan, atWallMs: wallMs)
        if let laws = checks.replicas, let shown = snapshot.releases.first(where: { $0.name == plan.name }) {
            laws.cycleEnded(process.machine, release: release, shown, plan: plan)
        }
        guard plan.discovery != nil, let shown = snapshot.releases.first(where: { $0.name == plan.name }) else {
            return
        }
        // A process that was stopped has not seen what the files said meanwhile: for it two short lists, one before and one
        // after, follow each other.
        let isAwake = timeline.nowMs - process.stoppedUntilMs >= VirtualTargetFiles.graceMs
        checks.listed(
            release: release, shown,
            shrunkenMs: isAwake
                ? targetFiles.shrunkenMs(endedWithinMs: 5_000 + 2 * plan.scrape.intervalMs) : VirtualTargetFiles.graceMs
        )
    }

    /// A dry run's journal begins with each start, so what an earlier life has sent is not in it.
    func delivered(_ posting: Posting) {
        if swarm.isDryRun, posting.life != process.life?.number { return }
        checks.received(
            posting.delivery, disk: disk, unsaved: posting.unsaved, isOfThisLife: process.isAlive(posting.life))
    }

    /// The time to converge is over.
    func calm() {
        timeline.note("calm")
        guard let snapshot = process.snapshot() else { return checks.foundDead() }
        checks.calmed(snapshot, disk: disk, atMs: timeline.nowMs)
    }

    /// The run is over.
    func end() {
        timeline.note("end")
        guard let snapshot = process.snapshot() else { return checks.foundDead() }
        checks.finished(
            snapshot, fleet.releases, disk: disk, nowMs: timeline.nowMs, wallMs: process.moment.wallMs)
    }
}
