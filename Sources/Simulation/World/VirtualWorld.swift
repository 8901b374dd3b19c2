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
    private let disk = VirtualDisk()
    private let process: DaemonProcess
    private let checks: Checkers
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
        files = VirtualFiles(draft: draft)
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
        fleet = Fleet(releases: releases, plan: plan)
        links = Links(timeline: timeline, swarm: swarm, releases: releases.count)
        process = DaemonProcess(timeline: timeline)
        checks = Checkers(releases: plan.releases.map(\.name))
    }

    // MARK: The parts that work on others

    private lazy var feed = CheckFeed(
        swarm: swarm, timeline: timeline, fleet: fleet, process: process, disk: disk, targetFiles: targetFiles,
        plans: plans, checks: checks)
    private lazy var targetFiles = VirtualTargetFiles(
        seed: seed, timeline: timeline, files: files, faultPhaseMs: swarm.faultPhaseMs)
    private lazy var deployer = Deployer(timeline: timeline, fleet: fleet)
    private lazy var operators = Operators(swarm: swarm, timeline: timeline, fleet: fleet, process: process)
    private lazy var pipeline = Pipeline(seed: seed, timeline: timeline, fleet: fleet, process: process)
    private lazy var edits = FileEdits(timeline: timeline, fleet: fleet, files: files, process: process)
    private lazy var stops = ProcessStops(seed: seed, swarm: swarm, timeline: timeline, process: process)
    private lazy var moves = TargetMoves(
        seed: seed, swarm: swarm, timeline: timeline, fleet: fleet, files: files, targetFiles: targetFiles,
        process: process)
    private lazy var plans = PlanTraffic(
        seed: seed, timeline: timeline, fleet: fleet, process: process, disk: disk, checks: checks)
    private lazy var network = NetworkTraffic(
        process: process, answers: links.answers,
        scrapes: ScrapeTraffic(
            timeline: timeline, fleet: fleet, links: links, process: process,
            bugs: BentScrapes(bug: bug, fleet: fleet), feed: feed),
        routers: RouterTraffic(
            bug: bug, timeline: timeline, fleet: fleet, links: links, process: process, checks: checks,
            outages: Outages(seed: seed, swarm: swarm, timeline: timeline, fleet: fleet)),
        notifications: NotificationTraffic(
            timeline: timeline, fleet: fleet, links: links, process: process, disk: disk, feed: feed, checks: checks),
        plans: plans)
    private lazy var storage = JournalStorage(
        bug: bug, isDryRun: swarm.isDryRun, timeline: timeline, fleet: fleet, process: process, disk: disk,
        inheritedDisk: VirtualDisk(), operators: operators, checks: checks)
    private lazy var observer = KernelObserver(
        bug: bug, timeline: timeline, fleet: fleet, links: links, process: process, feed: feed, checks: checks,
        pipeline: pipeline)
    private lazy var host = DaemonHost(
        bug: bug, swarm: swarm, timeline: timeline, fleet: fleet, process: process, disk: disk, files: files,
        surroundings: Surroundings(
            bug: bug, timeline: timeline, fleet: fleet, process: process, storage: storage, network: network,
            feed: feed, observer: observer, targetFiles: targetFiles, targetLists: VirtualTargetLists()),
        feed: feed, checks: checks)
    private lazy var troubles = Troubles(
        swarm: swarm, timeline: timeline, fleet: fleet, links: links, disk: disk, process: process, host: host,
        routerTraffic: network.routers, deployer: deployer, operators: operators, edits: edits)
    private lazy var heal = Heal(
        timeline: timeline, fleet: fleet, links: links, disk: disk, process: process, routerTraffic: network.routers,
        files: files, edits: edits, checks: checks)
}

// MARK: A run

extension VirtualWorld {
    func run() {
        timeline.note("seed \(seed): \(swarm.summary)")
        for service in fleet.releases.flatMap({ $0.baseline + $0.canary }) where service.exporter.mood != .plain {
            timeline.note("\(service.instance): exporter \(service.exporter.mood.rawValue)")
        }
        host.boot()
        schedule()
        while !isOver, checks.failure == nil, let event = timeline.next() {
            happen(event)
            // Time passes only while no task of the daemon can run.
            process.executor.runUntilAllWait()
            host.bury()
        }
        host.end()
    }

    private func schedule() {
        for index in fleet.releases.indices {
            let at = timeline.dice.ms(1_000...60_000)
            timeline.at(at, fleet.releases[index].isLed ? .order(release: index) : .deploy(release: index))
        }
        if !swarm.troubles.isEmpty { timeline.at(timeline.dice.ms(1...swarm.troubleEveryMs), .trouble) }
        stops.schedule()
        moves.schedule()
        timeline.at(swarm.faultPhaseMs, .heal)
        timeline.at(swarm.faultPhaseMs + Swarm.patienceMs, .calm)
        timeline.at(swarm.faultPhaseMs + Swarm.calmMs, .end)
    }

    private func happen(_ what: Happening) {
        // What reaches a process that does not run waits for it.
        if timeline.nowMs < process.stoppedUntilMs, what.isTheDaemons {
            return timeline.at(process.stoppedUntilMs, what)
        }
        switch what {
        case .wake(let wait): process.sleeps.end(wait, with: ())
        case .scrape(let scrape): network.scrapes.serve(scrape)
        case .routerRequest(let request): network.routers.serve(request)
        case .planRequest(let request): network.plans.serve(request)
        case .notification(let posting): network.notifications.deliver(posting)
        case .answered(let wait, let answer): network.answers.end(wait, with: answer)
        case .reverted(let release, let instance, let share, let revision):
            network.routers.revert(release, instance, share, revision)
        case .deploy(let release): deployer.firstDeploy(release)
        case .operatorReacts(let release): operators.react(toReportOf: release)
        case .planOrder(let incident, let order): operators.orderPlan(of: incident, order)
        case .order(let release): pipeline.order(release)
        case .command(let release, let isRollback): operators.command(release, isRollback: isRollback)
        case .readFiles: edits.readFiles()
        case .trouble: troubles.make()
        case .moveTargets: moves.happen()
        case .stop: stops.stop()
        case .restart: host.boot()
        case .heal: heal.happen()
        case .calm: feed.calm()
        case .end:
            isOver = true
            feed.end()
        }
    }

    var report: SimulationReport {
        let failure = checks.failure
        let acknowledged = disk.entries.count { $0.event == .acknowledged }
        let intended = disk.entries.count { if case .intended = $0.event { true } else { false } }
        let promoted = disk.entries.count {
            if case .rollout(_, .ended(.promoted, _)) = $0.event { true } else { false }
        }
        let outcome = failure.map { "FAILED \($0.check): \($0.detail)" } ?? "ok"
        let (digest, steps, seconds) = (timeline.trace.digest, timeline.trace.steps, timeline.nowMs / 1_000)
        let summary =
            "seed \(seed): \(outcome); \(seconds) s, \(steps) steps, \(process.lives) lives, \(intended) rollbacks,"
            + " \(acknowledged) acknowledged, \(promoted) promoted; \(swarm.summary)"
        return SimulationReport(
            seed: seed, digest: digest, virtualSeconds: Double(timeline.nowMs) / 1_000, failure: failure,
            steps: steps, summary: summary)
    }
}
