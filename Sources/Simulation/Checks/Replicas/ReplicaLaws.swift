import Kernel
import Leases
import Model

/// The laws of several daemons that watch the same releases. What each of them does by itself, the other checkers see.
///
/// Used on the world's thread alone.
final class ReplicaLaws: @unchecked Sendable {
    static let sampleMs: Int64 = 500

    private let timeline: Timeline
    private let fleet: Fleet
    private let leases: LeaseWorld
    private let findings: Findings
    private var machines: [Machine] = []
    /// By machine: what its kernel has heard of the lead.
    private var beliefs: [Leadership]
    /// By release and incident: the machines that have it in their journals.
    private var incidents: [String: Set<Int>] = [:]
    private var events: Set<String> = []
    private var takeover: TakeoverLaw
    private var notice: NoticeLaw
    /// By machine and release: scrape cycles in a row with a rule that fires and a canary that stays.
    private var idleCycles: [[Int]]

    init(swarm: Swarm, timeline: Timeline, fleet: Fleet, leases: LeaseWorld, findings: Findings) {
        (self.timeline, self.fleet, self.leases, self.findings) = (timeline, fleet, leases, findings)
        beliefs = Array(repeating: Leadership(), count: swarm.replicas)
        takeover = TakeoverLaw(ttlMs: leases.ttlMs, machines: swarm.replicas)
        notice = NoticeLaw(ttlMs: leases.ttlMs, isLossy: swarm.lossPerMille > 0)
        idleCycles = Array(repeating: Array(repeating: 0, count: fleet.releases.count), count: swarm.replicas)
    }

    func watch(_ machines: [Machine]) { self.machines = machines }

    private func note(_ check: String, _ detail: String?) { findings.note(check, detail) }

    // MARK: The lead

    /// Whether the store says now that the machine leads.
    private func leads(_ machine: Int) -> Bool {
        leases.records.advance(toMs: timeline.nowMs)
        return leases.records.leadingMachine == machine
    }

    /// What nothing on the machine can know: its clock was at rest, or the store forgot the lead.
    private func cannotKnow(_ machine: Int) -> Bool {
        let sinceMs = max(
            machines[machine].process.machineClock.resumedMs ?? Int64.min / 2, leases.restoredMs ?? Int64.min / 2)
        return timeline.nowMs - sinceMs <= leases.ttlMs
    }

    /// A life begins: its kernel knows of no lead.
    func began(_ machine: Int) { beliefs[machine] = Leadership() }

    /// A step of a kernel, with what it wrote down.
    func stepped(_ machine: Int, _ cause: Input, _ entries: [JournalEntry]) {
        if case .leadership(let next) = cause { beliefs[machine] = next }
        let isHeld =
            beliefs[machine].isHeld
            && machines[machine].process.moment.uptimeMs < beliefs[machine].untilUptimeMs
        if isHeld, !cannotKnow(machine), !leads(machine) {
            note("a leader has the lease", "\(machines[machine].name) takes itself for the leader, the store does not")
        }
        for entry in entries where isOfTheLeader(entry, machine) {
            if leads(machine) || cannotKnow(machine) { continue }
            note(
                "only the leader leads",
                "\(machines[machine].name) writes \(entry.event.name): \(entry.event.text), and has no lease")
        }
    }

    /// What the leader alone may write: steps up, and rollbacks by statistical rules.
    private func isOfTheLeader(_ entry: JournalEntry, _ machine: Int) -> Bool {
        switch entry.event {
        case .rollout(_, .begun), .rollout(_, .stepPassed), .rollout(_, .stepIntended): return true
        case .intended(let intent):
            guard case .rule(let alert) = intent.trigger, let id = entry.incident,
                incidents["\(entry.release) \(id)"]?.subtracting([machine]).isEmpty ?? true
            else { return false }
            let plan = fleet.plan.releases.first { $0.name == entry.release }
            return plan?.rules.contains { $0.name == alert.rule && $0.regression != nil } ?? false
        default: return false
        }
    }

    // MARK: Shares

    /// A driver is about to set a share outside of a rollback: up only by a step that the store has from its leader.
    func leads(_ machine: Int, release: Int, split: Split, timeoutMs: Int64) {
        let (wanted, truth) = (split.canaryBasisPoints, fleet.releases[release])
        guard truth.routers.contains(where: { $0.share < wanted }) else { return }
        let text = "\(machines[machine].name) raises \(truth.name) to \(wanted) bp"
        // What the store has forgotten it had.
        if timeline.nowMs - (leases.restoredMs ?? Int64.min / 2) <= leases.ttlMs { return }
        let granted = HandedRollout(leases.records.document(LeasePaths.handover(truth.name)))
        if granted.basisPoints < wanted {
            note("a share is raised by the leader", "\(text), and the store has a step to \(granted.basisPoints)")
        }
        if cannotKnow(machine) { return }
        if granted.isGoingDown { note("a share is raised by the leader", "\(text) after a rollback") }
        guard leads(machine), let endsMs = leases.records.leadEndsMs else {
            return note("a share is raised by the leader", "\(text), and has no lease")
        }
        // Two clocks differ by some thousandths.
        if timeline.nowMs + timeoutMs - timeoutMs / 100 > endsMs {
            note("a share is raised by the leader", "\(text), and the call may last longer than the lease")
        }
    }

    // MARK: Rollbacks

    /// - Returns: whether another machine has written the same before.
    func appended(_ entry: JournalEntry, by machine: Int) -> Bool {
        guard let id = entry.incident else { return false }
        let key = "\(entry.release) \(id)"
        incidents[key, default: []].insert(machine)
        let isRepeated = !events.insert("\(key) \(entry.event.name)").inserted
        let isShared = incidents[key]?.count ?? 0 > 1
        return isRepeated || isShared && entry.event.name == "intended"
    }

    /// Whether a machine's disk, or the store, keeps the intent of an incident.
    func keeps(_ incident: String, of release: Int) -> Bool {
        let name = fleet.releases[release].name
        let stored = leases.records.document(LeasePaths.handover(name)).flatMap { HandoverText.document($0) }
        let handed = machines.compactMap { $0.shelf.documents[name] } + [stored].compactMap { $0 }
        let kept = machines.map(\.disk.entries) + handed.map(\.entries)
        return kept.contains { entries in
            entries.contains { entry in
                if case .intended = entry.event { entry.incident == incident } else { false }
            }
        }
    }

    /// A threshold rule that fires rolls back where it fires, whoever leads: with a baseline that is well, in the next cycle. A rule
    /// that is kept firing, and is not breached any more, moves nothing.
    func cycleEnded(_ machine: Int, release: Int, _ shown: ReleaseSnapshot, plan: ReleasePlan) {
        let truth = fleet.releases[release]
        let isFiring = shown.rules.contains { rule in
            rule.alert == .firing && rule.action == .rollback && rule.evidence?.verdict == .breached
                && plan.rules.contains { $0.name == rule.name && $0.threshold != nil }
        }
        let isBaselineWell =
            truth.baselineSickness.beganMs == nil && truth.baseline.allSatisfy { $0.isUp && !$0.isGarbled }
            && !truth.isBaselineOverloaded
        guard isFiring, isBaselineWell, shown.phase == .watching, truth.share > 0, truth.share < 1 else {
            return idleCycles[machine][release] = 0
        }
        idleCycles[machine][release] += 1
        guard idleCycles[machine][release] >= 3 else { return }
        note(
            "every replica rolls back",
            "\(machines[machine].name): a rule of \(truth.name) fires, and nothing follows: \(shown.explanation)")
    }

    // MARK: Messages

    func received(_ delivery: Delivery) { note("each rollback is announced once", notice.received(delivery)) }

    // MARK: From time to time

    func sample() {
        leases.records.advance(toMs: timeline.nowMs)
        note("another replica takes over", takeover.sample(machines, leases, atMs: timeline.nowMs))
        note("each rollback is announced", notice.sample(machines, fleet, atMs: timeline.nowMs))
        timeline.after(ReplicaLaws.sampleMs, .sampleReplicas)
    }

    /// At rest one replica leads, and all agree.
    func finish() {
        guard leases.records.leader != nil else { return note("the replicas agree", "none of them leads at rest") }
        var views: [String] = []
        for machine in machines {
            guard let snapshot = machine.process.snapshot() else { continue }
            views.append(snapshot.releases.map(ReplicaLaws.view).joined(separator: "; "))
        }
        guard Set(views).count > 1 else { return }
        note("the replicas agree", "\(leases.records.leader?.name ?? "") leads: \(views.joined(separator: " | "))")
    }

    private static func view(_ release: ReleaseSnapshot) -> String {
        let isLatched = release.phase == .rolledBack || release.phase == .rollingBack
        let failed = release.rollout?.deployment.failed.map(\.text) ?? []
        return
            "\(release.name) \(isLatched ? "latched" : "not latched") \(release.rollout?.running?.id ?? "-") \(failed)"
    }
}

/// What the store has of the rollout of a release.
struct HandedRollout {
    private(set) var basisPoints = 0
    private(set) var isGoingDown = false

    init(_ bytes: [UInt8]?) {
        var last: String?
        for entry in bytes.flatMap({ HandoverText.document($0) })?.entries ?? [] {
            guard case .rollout(let id, let event) = entry.event else { continue }
            switch event {
            case .stepIntended(_, _, let to): (basisPoints, last, isGoingDown) = (to, id, false)
            case .rollingBack: if id == last { isGoingDown = true }
            default: break
            }
        }
    }
}
