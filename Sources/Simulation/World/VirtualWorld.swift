import Model

/// The daemon and everything around it, in virtual time. One thread, one queue, one source of chance.
///
/// The world has the parts, and says in which order things happen; each part is one idea, and gets those parts that it
/// works on. The daemon's tasks run on the thread of the call that made the world, and nothing else touches its parts,
/// so they need no lock.
final class VirtualWorld {
    private let seed: UInt64
    private let bug: PlantedBug?
    private let swarm: Swarm
    private let timeline: Timeline
    private let fleet: Fleet
    private let files: VirtualFiles
    private let links: Links
    private let leases: LeaseWorld
    private let findings: Findings
    private let replicaLaws: ReplicaLaws?
    /// Nil without a configuration centre.
    private let centre: CentreWorld?
    private let centreLaw: CentreLaw?
    private var isOver = false

    init(seed: UInt64, planting bug: PlantedBug?, trace sink: ((String) -> Void)?) {
        self.seed = seed
        self.bug = bug
        let timeline = Timeline(seed: seed, trace: sink)
        let swarm = Swarm(dice: &timeline.dice)
        let draft = ConfigurationDraft(swarm: swarm, dice: &timeline.dice)
        let plan = draft.plan
        self.timeline = timeline
        self.swarm = swarm
        let files = VirtualFiles(draft: draft)
        self.files = files
        var releases: [VirtualRelease] = []
        for release in draft.releases {
            releases.append(VirtualRelease(draft: release, wallMs: timeline.wallMs, dice: &timeline.dice))
        }
        if swarm.hasPeculiarExporters {
            // Of the exporters, so that they do not change what else is drawn.
            var exporterDice = Dice(seed: seed ^ 0x3E9_0473)
            for index in releases.indices { releases[index].drawExporters(dice: &exporterDice) }
        }
        for (index, release) in draft.releases.enumerated() {
            releases[index].isBaselineTight =
                swarm.hasTightBaselines && release.drainPauseMs != nil && !releases[index].isLed
        }
        let fleet = Fleet(releases: releases, plan: plan)
        self.fleet = fleet
        links = Links(timeline: timeline, swarm: swarm, releases: releases.count)
        let leases = LeaseWorld(seed: seed, swarm: swarm, timeline: timeline)
        self.leases = leases
        let findings = Findings()
        self.findings = findings
        replicaLaws =
            swarm.replicas > 1
            ? ReplicaLaws(swarm: swarm, timeline: timeline, fleet: fleet, leases: leases, findings: findings) : nil
        let law = swarm.hasCentre ? CentreLaw(findings: findings) : nil
        centreLaw = law
        centre = law.map { CentreWorld(seed: seed, timeline: timeline, files: files, law: $0) }
    }

    // MARK: The parts that work on others

    private lazy var machines: [Machine] = {
        let parts = WorldParts(
            seed: seed, bug: bug, swarm: swarm, timeline: timeline, fleet: fleet, files: files, links: links,
            leases: leases, findings: findings, replicaLaws: replicaLaws, centre: centre, centreLaw: centreLaw)
        return (0..<swarm.replicas).map { Machine(parts, index: $0, targetFiles: targetFiles, pipeline: pipeline) }
    }()
    private lazy var targetFiles = VirtualTargetFiles(
        seed: seed, timeline: timeline, files: files, faultPhaseMs: swarm.faultPhaseMs)
    private lazy var deployer = Deployer(timeline: timeline, fleet: fleet)
    private lazy var pipeline = Pipeline(seed: seed, timeline: timeline, fleet: fleet)
    private lazy var moves = TargetMoves(
        seed: seed, swarm: swarm, timeline: timeline, fleet: fleet, files: files, targetFiles: targetFiles,
        process: machines[0].process)
    private lazy var troubles = Troubles(
        swarm: swarm, timeline: timeline, fleet: fleet, links: links, machines: machines, deployer: deployer)
    private lazy var heal = Heal(timeline: timeline, fleet: fleet, links: links, machines: machines, files: files)
}

// MARK: A run

extension VirtualWorld {
    func run() {
        timeline.note("seed \(seed): \(swarm.summary)")
        for service in fleet.releases.flatMap({ $0.baseline + $0.canary }) where service.exporter.mood != .plain {
            timeline.note("\(service.instance): exporter \(service.exporter.mood.rawValue)")
        }
        centre?.schedule()
        pipeline.serve(machines.map(\.process), leases)
        replicaLaws?.watch(machines)
        for machine in machines { on(machine) { machine.host.boot() } }
        schedule()
        while !isOver, findings.failure == nil, let event = timeline.next() {
            happen(event, on: machines[timeline.machine])
            // Time passes only while no task of a daemon can run.
            for machine in machines { machine.run() }
        }
        for machine in machines { machine.host.end() }
    }

    /// What is planned meanwhile happens to the machine.
    private func on(_ machine: Machine, _ work: () -> Void) {
        timeline.machine = machine.index
        work()
        timeline.machine = 0
    }

    private func schedule() {
        for index in fleet.releases.indices {
            let at = timeline.dice.ms(1_000...60_000)
            timeline.at(at, fleet.releases[index].isLed ? .order(release: index) : .deploy(release: index))
        }
        if !swarm.troubles.isEmpty { timeline.at(timeline.dice.ms(1...swarm.troubleEveryMs), .trouble) }
        for machine in machines { on(machine) { machine.stops.schedule() } }
        moves.schedule()
        if swarm.replicas > 1 {
            leases.schedule()
            timeline.at(ReplicaLaws.sampleMs, .sampleReplicas)
        }
        timeline.at(swarm.faultPhaseMs, .heal)
        timeline.at(swarm.faultPhaseMs + Swarm.patienceMs, .calm)
        timeline.at(swarm.faultPhaseMs + Swarm.calmMs, .end)
    }

    private func happen(_ what: Happening, on machine: Machine) {
        let process = machine.process
        // What reaches a process that does not run waits for it.
        let isOrder = if case .order = what { machines.count > 1 } else { false }
        if timeline.nowMs < process.stoppedUntilMs, what.isTheDaemons, !isOrder {
            return timeline.at(process.stoppedUntilMs, what)
        }
        switch what {
        case .wake(let wait, let dueMs): process.wake(wait, dueMs: dueMs)
        case .scrape(let scrape): machine.network.scrapes.serve(scrape)
        case .routerRequest(let request): machine.network.routers.serve(request)
        case .planRequest(let request): machine.network.plans.serve(request)
        case .notification(let posting): machine.network.notifications.deliver(posting)
        case .answered(let wait, let answer): machine.network.answers.end(wait, with: answer)
        case .storeCall(let call): leases.serve(call)
        case .storeAnswered(let call): call.end(true)
        case .storeTimedOut(let call): call.end(false)
        case .storeTrouble: leases.makeTrouble()
        case .sampleReplicas: replicaLaws?.sample()
        case .reverted(let release, let instance, let share, let revision):
            machine.network.routers.revert(release, instance, share, revision)
        case .deploy(let release): deployer.firstDeploy(release)
        case .operatorReacts(let release): machine.operators.react(toReportOf: release)
        case .planOrder(let incident, let order): machine.operators.orderPlan(of: incident, order)
        case .order(let release): pipeline.order(release)
        case .command(let release, let isRollback): machine.operators.command(release, isRollback: isRollback)
        case .readFiles: machine.edits.readFiles()
        case .trouble: troubles.make()
        case .moveTargets: moves.happen()
        case .stop: machine.stops.stop()
        case .restart: machine.host.boot()
        case .changeCentre: centre?.change()
        case .heal:
            heal.happen()
            leases.heal()
            centre?.heal()
        case .calm: for machine in machines { machine.feed.calm() }
        case .end:
            isOver = true
            for machine in machines { machine.feed.end() }
            replicaLaws?.finish()
            centreLaw?.finish()
        }
    }

    var report: SimulationReport {
        let failure = findings.failure
        let entries = machines.flatMap(\.disk.entries)
        let acknowledged = entries.count { $0.event == .acknowledged }
        let intended = entries.count { if case .intended = $0.event { true } else { false } }
        let promoted = entries.count {
            if case .rollout(_, .ended(.promoted, _)) = $0.event { true } else { false }
        }
        let outcome = failure.map { "FAILED \($0.check): \($0.detail)" } ?? "ok"
        let (digest, steps, seconds) = (timeline.trace.digest, timeline.trace.steps, timeline.nowMs / 1_000)
        let summary =
            "seed \(seed): \(outcome); \(seconds) s, \(steps) steps, \(machines.reduce(0) { $0 + $1.process.lives }) lives, \(intended) rollbacks,"
            + " \(acknowledged) acknowledged, \(promoted) promoted; \(swarm.summary)"
        return SimulationReport(
            seed: seed, digest: digest, virtualSeconds: Double(timeline.nowMs) / 1_000, failure: failure,
            steps: steps, summary: summary)
    }
}
