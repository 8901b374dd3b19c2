import Model
import Ports

/// All checkers of a run. The first one that fails ends it.
///
/// Used on the world's thread alone.
final class Checkers: @unchecked Sendable {
    private let findings: Findings
    /// Whose daemon is checked.
    private let machine: Int
    /// Nil for one daemon alone.
    let replicas: ReplicaLaws?
    private var order = JournalOrderChecker()
    private var intent: IntentChecker
    private var acknowledgement: AcknowledgementChecker
    private var proof: ProofChecker
    private var latch: LatchChecker
    private var drain: DrainChecker
    private var rollout: RolloutChecker
    private var unit = UnitChecker()
    private var group = GroupChecker()
    private var promotion: PromotionChecker
    private var stray: StrayChecker
    private var deadBaseline: DeadBaselineChecker
    private var limits: LimitChecker
    private let names: [String]
    private var delivery = DeliveryChecker()
    private var restart = RestartChecker()
    private var history = HistoryChecker()
    private var liveness: LivenessChecker
    private var silence: SilenceChecker
    private var window = WindowChecker()
    /// By release: targets whose last scrape was taken for one of several processes.
    private var ambiguous: [Set<String>]
    private var targets: TargetChecker
    private var lists: TargetListChecker
    private var plan: PlanChecker

    init(releases: [String], findings: Findings, machine: Int, replicas: ReplicaLaws?) {
        (self.findings, self.machine, self.replicas) = (findings, machine, replicas)
        names = releases
        ambiguous = Array(repeating: [], count: releases.count)
        intent = IntentChecker(releases: releases.count)
        acknowledgement = AcknowledgementChecker(releases: releases.count)
        proof = ProofChecker(releases: releases.count)
        latch = LatchChecker(releases: releases.count)
        drain = DrainChecker(releases: releases.count)
        rollout = RolloutChecker(releases: releases.count)
        promotion = PromotionChecker(releases: releases.count)
        stray = StrayChecker(releases: releases.count)
        deadBaseline = DeadBaselineChecker(releases: releases.count)
        limits = LimitChecker(releases: releases)
        liveness = LivenessChecker(releases: releases)
        silence = SilenceChecker(releases: releases)
        targets = TargetChecker(releases: releases.count)
        lists = TargetListChecker(releases: releases.count)
        plan = PlanChecker(releases: releases.count)
    }

    /// The first failure of all machines is kept.
    private func note(_ check: String, _ detail: String?) {
        findings.note(check, replicas == nil ? detail : detail.map { "\(LeaseWorld.name(ofMachine: machine)): \($0)" })
    }

    // MARK: What the world reports

    func readBack(_ read: [JournalEntry], written: [JournalEntry]) {
        note("records are read as they were written", RecordChecker.differs(read, written))
    }

    func began(snapshot: Snapshot, entries: [JournalEntry], wallShiftMs: Int64) {
        replicas?.began(machine)
        order.began(entries: entries)
        history.began(entries)
        if replicas == nil { note("an incident is what its entries say", history.saw(snapshot)) }
        targets.restarted()
        lists.restarted()
        latch.restarted()
        stray.restarted()
        deadBaseline.restarted()
        drain.restarted(entries, names: names)
        rollout.restarted(entries, names: names)
        unit.restarted(entries)
        group.restarted(entries)
        promotion.restarted(entries, names: names)
        limits.restarted(wallShiftMs: wallShiftMs)
        delivery.restarted(entries)
        let forgotten = restart.began(snapshot)
        // What another replica has handed over is taken in a moment later.
        if replicas == nil { note("restart remembers", forgotten) }
    }

    func ended(snapshot: Snapshot, isNothingLost: Bool) {
        restart.ended(snapshot, isNothingLost: isNothingLost)
    }

    func observed(_ call: RouterCall) {
        acknowledgement.observed(call)
        drain.observed(call)
        stray.observed(call)
        if zip(call.truth, call.isRead).allSatisfy({ $0 == 0 && $1 }) { plan.sawTraffic(release: call.release) }
    }

    func follows(_ entry: JournalEntry, durable: [JournalEntry]) {
        note("a group decides before its companions go", group.appended(entry, durable: durable))
    }

    func becameDurable(_ batch: JournalBatch, receivers: [ReceiverPlan]) {
        latch.becameDurable(batch)
        // A rollback that another replica began long ago is not announced again.
        if replicas != nil { return }
        note("every receiver is notified", NotificationChecker.becameDurable(batch, receivers: receivers))
    }

    func calmed(_ snapshot: Snapshot, disk: VirtualDisk, atMs now: Int64) {
        note("calm in time", liveness.calmed(snapshot, disk: replicas == nil ? disk : nil, atMs: now))
    }

    /// The roles of the places are exchanged: what was read before is about the other roles.
    func turned(release: Int) {
        acknowledgement.turned(release: release)
        drain.turned(release: release)
        stray.turned(release: release)
        lists.turned(release: release)
    }

    func listed(release: Int, _ shown: ReleaseSnapshot, shrunkenMs: Int64) {
        note("unreachable is not empty", lists.ended(release: release, shown, shrunkenMs: shrunkenMs))
    }

    func watches(_ plan: ReleasePlan, release: Int, nowMs: Int64, uptimeMs: Int64) {
        targets.watches(plan, release: release, nowMs: nowMs, uptimeMs: uptimeMs)
    }

    func scrapes(_ instance: String, release: Int, plan: ReleasePlan, nowMs: Int64, resumedMs: Int64) {
        note(
            "a removed target is left alone",
            targets.scrapes(instance, release: release, plan: plan, nowMs: nowMs, resumedMs: resumedMs))
    }

    func newVersion(release: Int) { latch.newVersion(release: release) }

    func cycleBegan(release: Int) { silence.began(release: release) }

    func scraped(_ report: ScrapeReport, release: Int) {
        silence.scraped(report, release: release)
        deadBaseline.scraped(report, release: release)
        if case .success(let reading, _) = report.outcome {
            if reading.isAmbiguous {
                ambiguous[release].insert(report.instance)
            } else {
                ambiguous[release].remove(report.instance)
            }
        }
        note("counts stay in their pool", targets.scraped(report, release: release))
    }

    func showed(_ snapshot: Snapshot, _ release: VirtualRelease, plan: ReleasePlan, nowMs: Int64, wallMs: Int64) {
        note("rates are true or absent", RateChecker.ended(snapshot, release, plan: plan, nowMs: nowMs))
        note(
            "counts are of their window",
            window.ended(snapshot, release, plan: plan, nowMs: nowMs, wallMs: wallMs))
    }

    func cycleEnded(release: Int, _ snapshot: Snapshot, plan: ReleasePlan, atWallMs now: Int64) {
        note("no data is no verdict", silence.ended(release: release, snapshot, plan: plan, atWallMs: now))
    }

    /// The daemon takes a target of the release for several processes.
    func isAmbiguous(release: Int) -> Bool { !ambiguous[release].isEmpty }

    func settled(_ id: String) { delivery.settled(id) }

    func healed(atMs now: Int64, ambiguousForMs: [String: Int64]) {
        liveness.healed(atMs: now, ambiguousForMs: ambiguousForMs)
    }

    func appended(_ entry: JournalEntry, release: Int, _ world: WorldView, wasFlagOff: Bool) {
        note("journal has no gaps", order.appended(entry))
        if let replicas { return appended(entry, release: release, world, beside: replicas) }
        history.appended(entry)
        intent.appended(entry, release: release, uptimeMs: world.uptimeMs)
        note("acknowledged means out", acknowledgement.appended(entry, release: release, world))
        note("proven means silent", proof.appended(entry, release: release, world))
        note("healthy canary stays", HealthyCanaryChecker.appended(entry, world))
        note("sick baseline is spared", SickBaselineChecker.appended(entry, world))
        note("dead baseline is spared", deadBaseline.appended(entry, release: release, world))
        note("only a rule that asks for it rolls back", RuleActionChecker.appended(entry))
        note("downtime is no evidence", DowntimeChecker.appended(entry, world))
        limits.appended(entry, release: release, world)
        note("latch is kept", latch.appended(entry, release: release))
        note("a held step is not cut short", drain.appended(entry, release: release))
        note("a led release keeps its laws", rollout.appended(entry, release: release))
        note("the parts of a unit agree", unit.appended(entry, world.plan))
        note("a promotion turns the roles", promotion.appended(entry, release: release))
        note("a drift is no stray traffic", stray.appended(entry, release: release))
        note("a plan keeps its laws", plan.appended(entry, release: release, wasFlagOff: wasFlagOff))
    }

    /// Of the daemon itself: who leads, and which state of a centre is in force.
    func appended(ofNoRelease entry: JournalEntry) { note("journal has no gaps", order.appended(entry)) }

    /// What another replica has written before is taken over from it: it has proved it. Of rollouts a replica has the entries of its
    /// own time alone.
    private func appended(_ entry: JournalEntry, release: Int, _ world: WorldView, beside replicas: ReplicaLaws) {
        intent.appended(entry, release: release, uptimeMs: world.uptimeMs)
        limits.appended(entry, release: release, world)
        let isKnown = replicas.appended(entry, by: machine)
        let acknowledged = acknowledgement.appended(entry, release: release, world)
        let proven = proof.appended(entry, release: release, world)
        note("latch is kept", latch.appended(entry, release: release))
        note("a held step is not cut short", drain.appended(entry, release: release))
        note("only a rule that asks for it rolls back", RuleActionChecker.appended(entry))
        if isKnown { return }
        note("acknowledged means out", acknowledged)
        note("proven means silent", proven)
        note("healthy canary stays", HealthyCanaryChecker.appended(entry, world))
        note("sick baseline is spared", SickBaselineChecker.appended(entry, world))
        note("dead baseline is spared", deadBaseline.appended(entry, release: release, world))
        note("downtime is no evidence", DowntimeChecker.appended(entry, world))
    }

    func callsRouter(release: Int) { plan.sawTraffic(release: release) }

    func stepActs(_ request: HTTPRequest, release: Int, durable: [JournalEntry]) {
        note("a plan keeps its laws", plan.acts(request, release: release, durable: durable))
    }

    func stepTookEffect(_ effect: VirtualPlanService.Effect, release: Int) {
        note("a plan keeps its laws", plan.tookEffect(effect, release: release))
    }

    func ordered(_ command: RolloutCommand, _ batch: JournalBatch) {
        note("an order means one step", RolloutChecker.ordered(command, batch))
    }

    /// A share is set outside of a rollback, which only a led release may do.
    func leads(release: Int, split: Split, durable: [JournalEntry], name: String) {
        if replicas != nil { return }
        note("the parts of a unit agree", unit.applies(split, name))
        note("a promotion turns the roles", promotion.applies(release: release, split, name))
        note(
            "a led release keeps its laws",
            rollout.applies(release: release, split: split, durable: durable, name: name))
    }

    func applies(
        release: Int, incident: String?, split: Split, plan: ReleasePlan?, durable: [JournalEntry], graceMs: Int64,
        uptimeMs: Int64
    ) {
        note("nothing but a rollback", drain.applies(release: release, split: split, plan: plan))
        if let incident, let replicas, replicas.keeps(incident, of: release) { return }
        note(
            "intent before the router",
            intent.applies(
                release: release, incident: incident, durable: durable, graceMs: graceMs, uptimeMs: uptimeMs))
    }

    func correctsDrift(release: Int, _ world: WorldView) {
        note("dead baseline is spared", deadBaseline.corrects(release: release, world))
    }

    func dryRunApplies(_ name: String) { note("a dry run calls no router", "\(name) was called") }

    func saw(_ snapshot: Snapshot, plans: [ReleasePlan], atMs now: Int64, hasRested: Bool) {
        let late = limits.saw(snapshot, plans: plans, atMs: now)
        if !hasRested { note("a deadline is kept", late) }
        // One that was taken over has entries in other journals.
        if replicas == nil { note("an incident is what its entries say", history.saw(snapshot)) }
        note("one incident at a time", SingleIncidentChecker.saw(snapshot))
        liveness.saw(snapshot, atMs: now)
    }

    func received(
        _ delivery: Delivery, disk: VirtualDisk, unsaved: JournalEntry?, isOfThisLife: Bool
    ) {
        if let replicas { return replicas.received(delivery) }
        note(
            "deliveries are journalled",
            self.delivery.received(delivery, disk: disk, unsaved: unsaved, isOfThisLife: isOfThisLife))
    }

    func foundUnsigned(_ delivery: Delivery) {
        note("deliveries are journalled", "\(delivery.id) is posted without its id")
    }

    /// The daemon ended by itself.
    func stopped(_ reason: String) { note("the daemon keeps running", "it stops: \(reason)") }

    /// A process was killed and its tasks were cancelled, and one of them did not end.
    func leftBehind() { note("every task ends with the daemon", "a task ignores its cancellation") }

    func foundDead() { note("calm in time", "the daemon is not running") }

    func finished(_ snapshot: Snapshot, _ releases: [VirtualRelease], disk: VirtualDisk, nowMs: Int64, wallMs: Int64) {
        note("latch is kept", latch.finished(snapshot, releases))
        if replicas == nil { note("a led release keeps its laws", rollout.finished(snapshot, releases)) }
        note("the parts of a unit agree", UnitChecker.finished(snapshot, releases))
        note("a plan keeps its laws", PlanChecker.finished(snapshot, atWallMs: wallMs))
        note(
            "everything comes to rest",
            liveness.finished(snapshot, releases, disk: replicas == nil ? disk : nil, nowMs: nowMs))
    }
}

/// What a checker may know of the world when an entry is appended.
struct WorldView {
    let nowMs: Int64
    let uptimeMs: Int64
    /// When the daemon's present life began.
    let lifeBeganMs: Int64
    /// When the daemon's process last resumed after it was stopped.
    let resumedMs: Int64
    /// Of a message in this world, one way.
    let longestDelayMs: Int64
    /// What the daemon's wall clock is off, milliseconds.
    let wallShiftMs: Int64
    /// When the daemon's lives began and ended; the present one has no end.
    let lives: [ClosedRange<Int64>]
    let release: VirtualRelease
    let plan: ReleasePlan

    /// Both versions failed alike at some time that the rules still see.
    var isInOutage: Bool {
        guard let outage = release.outage else { return false }
        let reachMs = (plan.rules.map(\.windowMs).max() ?? 0) + 4 * plan.scrape.intervalMs
        return outage.fromMs <= nowMs && nowMs - outage.toMs <= reachMs
    }

    /// How long the daemon has been running since then.
    func ranMs(sinceMs: Int64) -> Int64 {
        lives.reduce(0) { $0 + max(0, $1.upperBound - max($1.lowerBound, sinceMs)) }
    }
}
