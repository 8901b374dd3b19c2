import Model
import Support

/// The rollouts of one service: the one under way, the one that waits, those that ended, and which version is where.
struct RolloutLead: Sendable, Equatable {
    /// As many as are shown.
    private static let endedLimit = 20

    private(set) var deployment: DeploymentRecord
    var running: RolloutProcess?
    private(set) var queued: Rollout?
    /// Newest first.
    private(set) var ended: [Rollout] = []
    private var wayBackWatch = WayBackWatch()

    init(deployment: DeploymentRecord) { self.deployment = deployment }

    /// The router's share is the business of a rollout.
    var isLeading: Bool { running?.isLeading ?? false }

    /// The step in force is for test users, so there is nothing to compare.
    var isWithoutShare: Bool { running?.isWithoutShare ?? false }

    func awaitsReceipt(call: Int) -> Bool { running?.awaitsReceipt(call: call) ?? false }

    // MARK: What happens

    mutating func cycleEnded(_ step: inout RolloutStep) {
        running?.cycleEnded(deployment, &step)
        endFreeze(&step)
        watchWayBack(&step)
        settle(&step)
    }

    mutating func observed(_ observations: [RouterObservation], _ step: inout RolloutStep) {
        running?.observed(observations, &step)
        settle(&step)
    }

    mutating func applied(call: Int, receipts: [RouterReceipt], _ step: inout RolloutStep) {
        running?.applied(call: call, receipts: receipts, &step)
    }

    mutating func durable(through sequence: UInt64, _ step: inout RolloutStep) {
        running?.durable(through: sequence, &step)
    }

    mutating func tried(_ id: String, _ result: GateTry, _ step: inout RolloutStep) {
        running?.tried(id, result, &step)
    }

    /// A rollback has its intent: nothing goes up any more.
    mutating func rollbackBegan(_ incident: Incident, because reason: String, _ step: inout RolloutStep) {
        running?.rollbackBegan(incident: incident.id, because: reason, &step)
        guard latches(incident.intent.trigger) else { return }
        latch(deployment.canary.running ?? VersionIdentity(step.plan.canary.version), &step)
    }

    /// The version of a rollback that is in force has failed, whatever else is known of it.
    mutating func keepLatch(_ intent: IntentRecord, _ step: inout RolloutStep) {
        let version = deployment.canary.running ?? VersionIdentity(step.plan.canary.version)
        guard latches(intent.trigger), version.version == intent.fromVersion,
            !deployment.failed.contains(version)
        else { return }
        latch(version, &step)
    }

    /// The rollback is acknowledged, or the incident was given up by an operator who rearmed it.
    mutating func rollbackEnded(_ trigger: IntentRecord.Trigger, _ step: inout RolloutStep) {
        guard let process = running, process.isLeading else { return }
        let end: RolloutEnd =
            if case .rollout(let order) = trigger {
                switch order.kind {
                case .abort: .aborted
                case .superseded: .superseded
                case .gate, .overdue, .companion: .rolledBack
                }
            } else { .rolledBack }
        running?.end(end, because: "", &step)
        settle(&step)
    }

    /// An operator's own rollback is a verdict; an abort and a newer version are none.
    private func latches(_ trigger: IntentRecord.Trigger) -> Bool {
        switch trigger {
        case .rule, .operatorCommand: true
        case .rollout(let order): order.latches
        }
    }

    /// An operator's verdict on a version that has no share yet: the version is latched all the same.
    mutating func endWithoutShare(by: String, reason: String, _ step: inout RolloutStep) {
        guard let version = running?.rollout.version else { return }
        running?.end(.rolledBack, because: "\(by): \(reason)", &step)
        latch(version, &step)
        settle(&step)
    }

    /// - Parameter version: nil for every version.
    mutating func rearm(_ version: VersionIdentity?, _ step: inout RolloutStep) {
        var next = deployment
        next.failed.removeAll { version == nil || $0.version == version?.version }
        change(next, &step)
    }

    // MARK: What is where

    private mutating func latch(_ version: VersionIdentity, _ step: inout RolloutStep) {
        var next = deployment
        next.failed.removeAll { $0 == version }
        next.failed = Array((next.failed + [version]).suffix(100))
        change(next, &step)
    }

    /// Writes the record when it differs, and has the pools follow.
    mutating func change(_ next: DeploymentRecord, _ step: inout RolloutStep) {
        guard next != deployment else { return }
        deployment = next
        step.context.record(.deployment(next), release: step.name)
        step.want(.adopt(next))
    }

    /// A configuration with other places: nothing of the record holds.
    mutating func adopt(_ plan: ReleasePlan) {
        guard deployment.places.map(\.name) != plan.places else { return }
        deployment = plan.configuredDeployment
    }

    private mutating func endFreeze(_ step: inout RolloutStep) {
        guard let freeze = deployment.freeze, !freeze.holds(atWallMs: step.now.wallMs) else { return }
        var next = deployment
        next.freeze = nil
        change(next, &step)
        step.log(.info, "the freeze by \(freeze.by) is over")
    }

    /// A rollout that ended gives its place to the next one.
    mutating func settle(_ step: inout RolloutStep) {
        guard let over = running?.rollout, over.isOver else { return }
        running = nil
        ended = Array(([over] + ended).prefix(RolloutLead.endedLimit))
        if over.end == .promoted { turn(over, &step) }
        takeFromQueue(&step)
    }

    /// The place of the new version becomes the baseline. The routers are not called: they show everything already.
    private mutating func turn(_ over: Rollout, _ step: inout RolloutStep) {
        step.want(.promoted)
        turnRoles(wayBack: deployment.baseline.running, &step)
    }

    /// - Parameter wayBack: the version that loses its role and still runs.
    mutating func turnRoles(wayBack: VersionIdentity?, _ step: inout RolloutStep) {
        var next = deployment
        next.isTurned.toggle()
        (next.wayBack, next.isWayBackLost) = (wayBack, nil)
        wayBackWatch = WayBackWatch()
        change(next, &step)
    }

    /// After a promotion the version before is the way back as long as its instances answer.
    private mutating func watchWayBack(_ step: inout RolloutStep) {
        guard running == nil, let version = deployment.wayBack, !step.context.isJournalFailing else { return }
        let isKnownLost = deployment.isWayBackLost ?? false
        guard let change = wayBackWatch.see(step.facts.canary, isKnownLost: isKnownLost, at: step.now) else { return }
        var next = deployment
        next.isWayBackLost = change == .lost ? true : nil
        if change == .lost { reportWayBack(version, "no target of it has answered for a minute", &step) }
        if change == .found { step.log(.info, "\(version.text) answers again in \(deployment.canary.name)") }
        self.change(next, &step)
    }

    /// In the record of the rollout that took its place.
    private func reportWayBack(_ version: VersionIdentity, _ reason: String, _ step: inout RolloutStep) {
        guard let id = ended.first(where: { $0.end == .promoted })?.id else { return }
        let present = deployment.baseline.running ?? VersionIdentity(step.plan.baseline.version)
        _ = step.record(.wayBackLost(version: version, reason: reason), of: id, version: present)
        step.log(.warning, "\(id): no way back to \(version.text): \(reason)")
    }

    /// What was accepted into the queue is checked again: the rollout before it may have latched its version, or brought
    /// it in.
    private mutating func takeFromQueue(_ step: inout RolloutStep) {
        guard var next = queued else { return }
        if let reason = obsolescence(of: next.preparation, step) { return dropQueued(.aborted, because: reason, &step) }
        queued = nil
        guard let settings = step.facts.rollout else { return }
        var record = next.preparation
        record.place = deployment.canary.name
        record.expiresWallMs = step.now.wallMs + settings.prepareExpiresMs
        let entry = step.record(.prepared(record), of: next.id, version: next.version)
        next.apply(entry)
        running = RolloutProcess(next, baselineTargets: step.facts.baseline.healthyTargets, at: step.now)
    }

    /// Why a version that waited must not get the place; nil when it may.
    private func obsolescence(of waiting: PreparationRecord, _ step: RolloutStep) -> String? {
        let version = waiting.version
        if deployment.failed.contains(version) { return latchText(version, step) }
        guard let serving = deployment.baseline.running else { return nil }
        if serving == version { return "\(version.text) serves everything already" }
        guard serving.isNewer(than: version), waiting.allowsDowngrade != true else { return nil }
        return "\(version.text) is older than \(serving.text), which serves now; allow the downgrade explicitly"
    }

    func latchText(_ version: VersionIdentity, _ step: RolloutStep) -> String {
        "\(version.text) was rolled back and is latched; rearm \(step.orderName) to try it again"
    }

    // MARK: Preparing

    /// Writes the entry with which a rollout begins.
    mutating func open(
        _ order: PrepareOrder, _ context: OrderContext, isQueued: Bool, _ step: inout RolloutStep
    ) -> Rollout? {
        guard let settings = step.facts.rollout else { return nil }
        let record = PreparationRecord(
            version: order.version, place: deployment.canary.name,
            attempt: deployment.attempts(of: order.version) + 1, by: context.by, key: context.key,
            expiresWallMs: step.now.wallMs + settings.prepareExpiresMs,
            allowsDowngrade: order.allowsDowngrade || order.isForced ? true : nil)
        let id = context.newRollout ?? step.context.rolloutID(step.name)
        let entry = step.record(isQueued ? .queued(record) : .prepared(record), of: id, version: order.version)
        guard let rollout = Rollout(entry) else { return nil }
        step.log(.info, "\(id): \(rollout.history.last?.text ?? "")")
        return rollout
    }

    mutating func start(_ rollout: Rollout, _ step: inout RolloutStep) {
        running = RolloutProcess(rollout, baselineTargets: step.facts.baseline.healthyTargets, at: step.now)
        // What runs there now is about to be replaced: it is no way back any more.
        var next = deployment
        next.places[next.isTurned ? 0 : 1].running = nil
        if let version = next.wayBack, next.isWayBackLost != true {
            reportWayBack(version, "\(rollout.id) takes \(rollout.preparation.place)", &step)
        }
        (next.wayBack, next.isWayBackLost) = (nil, nil)
        change(next, &step)
    }

    mutating func enqueue(_ rollout: Rollout, _ step: inout RolloutStep) {
        if var old = queued {
            let entry = step.record(
                .ended(.superseded, reason: "\(rollout.version.text) waits in its place"), of: old.id,
                version: old.version)
            old.apply(entry)
            ended = Array(([old] + ended).prefix(RolloutLead.endedLimit))
        }
        queued = rollout
    }

    mutating func dropQueued(_ end: RolloutEnd, because reason: String, _ step: inout RolloutStep) {
        guard var old = queued else { return }
        old.apply(step.record(.ended(end, reason: reason), of: old.id, version: old.version))
        queued = nil
        ended = Array(([old] + ended).prefix(RolloutLead.endedLimit))
    }

    /// The version is in its place now.
    ///
    /// - Parameter targets: nil for what is configured.
    mutating func begin(by: String, targets: [TargetPlan]?, _ step: inout RolloutStep) {
        guard let version = running?.rollout.version else { return }
        running?.begin(by: by, &step)
        var next = deployment
        next.places[next.isTurned ? 0 : 1].running = version
        next.places[next.isTurned ? 0 : 1].targets = targets
        let count = next.attempts(of: version) + 1
        next.attempts.removeAll { $0.of == version }
        next.attempts = Array((next.attempts + [.init(of: version, count: count)]).suffix(100))
        change(next, &step)
    }

    // MARK: A restart

    mutating func replay(_ entry: JournalEntry, at now: Moment) {
        switch entry.event {
        case .deployment(let record): deployment = record
        case .rollout(let id, _):
            if queued?.id == id {
                queued?.apply(entry)
                if queued?.state == .prepared, let next = queued { (running, queued) = (process(next, now), nil) }
                if let over = queued, over.isOver { (ended, queued) = ([over] + ended, nil) }
            } else if running?.id == id {
                running?.replay(entry)
                guard let over = running?.rollout, over.isOver else { return }
                (ended, running) = (Array(([over] + ended).prefix(RolloutLead.endedLimit)), nil)
            } else if let new = Rollout(entry) {
                if new.state == .queued { queued = new } else { running = process(new, now) }
            }
        default: break
        }
    }

    private func process(_ rollout: Rollout, _ now: Moment) -> RolloutProcess {
        RolloutProcess(rollout, baselineTargets: 0, at: now)
    }

    /// After the last entry: what the process counts begins with what the journal says.
    mutating func restored(_ plan: ReleasePlan, at now: Moment) {
        guard let rollout = running?.rollout else { return }
        running = RolloutProcess(rollout, baselineTargets: plan.baseline.targets.count, at: now)
    }
}
