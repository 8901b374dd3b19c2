import Model

/// What all machines of a world share.
struct WorldParts {
    let seed: UInt64
    let bug: PlantedBug?
    let swarm: Swarm
    let timeline: Timeline
    let fleet: Fleet
    let files: VirtualFiles
    let links: Links
    /// Where the replicas meet; nothing calls it in a world with one daemon.
    let leases: LeaseWorld
    let findings: Findings
    /// Nil in a world with one daemon.
    let replicaLaws: ReplicaLaws?
    /// Nil in a world without a configuration centre.
    let centre: CentreWorld?
    let centreLaw: CentreLaw?
}

/// A machine with its daemon: a process, a clock, a disk, and what the world keeps of them.
///
/// Used on the world's thread alone.
final class Machine {
    let world: WorldParts
    /// From 0.
    let index: Int
    let process: DaemonProcess
    let disk = VirtualDisk()
    let checks: Checkers
    let files: MachineFiles
    /// What the other replicas have handed over, on this machine's disk.
    let shelf = VirtualShelf()
    private let targetFiles: VirtualTargetFiles
    private let pipeline: Pipeline

    init(_ world: WorldParts, index: Int, targetFiles: VirtualTargetFiles, pipeline: Pipeline) {
        (self.world, self.index, self.targetFiles, self.pipeline) = (world, index, targetFiles, pipeline)
        let isAlone = world.swarm.replicas == 1
        process = DaemonProcess(
            timeline: world.timeline, machine: index,
            ppm: isAlone ? 0 : [0, 50, -50, 2_000, -2_000][Int((world.seed / 7 + UInt64(index)) % 5)])
        checks = Checkers(
            releases: world.fleet.plan.releases.map(\.name), findings: world.findings, machine: index,
            replicas: world.replicaLaws)
        files = MachineFiles(
            files: world.files, replica: isAlone ? nil : world.leases.plan(ofMachine: index),
            isInCentre: world.centre != nil)
    }

    /// As its replica is called.
    var name: String { LeaseWorld.name(ofMachine: index) }

    // MARK: The parts that work on others

    lazy var feed = CheckFeed(
        swarm: world.swarm, timeline: world.timeline, fleet: world.fleet, process: process, disk: disk,
        targetFiles: targetFiles, plans: plans, checks: checks)
    lazy var operators = Operators(
        swarm: world.swarm, timeline: world.timeline, fleet: world.fleet, process: process)
    lazy var edits = FileEdits(
        timeline: world.timeline, fleet: world.fleet, files: world.files, process: process)
    lazy var stops = ProcessStops(
        seed: world.seed, swarm: world.swarm, timeline: world.timeline, process: process)
    lazy var plans = PlanTraffic(
        seed: world.seed, timeline: world.timeline, fleet: world.fleet, process: process, disk: disk, checks: checks)
    lazy var network = NetworkTraffic(
        process: process, answers: world.links.answers,
        scrapes: ScrapeTraffic(
            timeline: world.timeline, fleet: world.fleet, links: world.links, process: process,
            bugs: BentScrapes(bug: world.bug, fleet: world.fleet), feed: feed),
        routers: RouterTraffic(
            bug: world.bug, timeline: world.timeline, fleet: world.fleet, links: world.links, process: process,
            checks: checks,
            outages: Outages(seed: world.seed, swarm: world.swarm, timeline: world.timeline, fleet: world.fleet)),
        notifications: NotificationTraffic(
            timeline: world.timeline, fleet: world.fleet, links: world.links, process: process, disk: disk,
            feed: feed, checks: checks),
        plans: plans)
    private lazy var storage = JournalStorage(
        bug: world.bug, isDryRun: world.swarm.isDryRun, timeline: world.timeline, fleet: world.fleet,
        process: process, disk: disk, inheritedDisk: VirtualDisk(), operators: operators, checks: checks)
    private lazy var observer = KernelObserver(
        bug: world.bug, timeline: world.timeline, fleet: world.fleet, links: world.links, process: process,
        feed: feed, checks: checks, pipeline: pipeline, centreLaw: world.centreLaw)
    lazy var host = DaemonHost(
        bug: world.bug, swarm: world.swarm, timeline: world.timeline, fleet: world.fleet, process: process,
        disk: disk, files: files,
        surroundings: Surroundings(
            bug: world.bug, timeline: world.timeline, fleet: world.fleet, process: process, storage: storage,
            network: network, feed: feed, observer: observer, targetFiles: targetFiles,
            targetLists: VirtualTargetLists(),
            replica: world.swarm.replicas > 1 ? VirtualReplica(leases: world.leases, shelf: shelf) : nil),
        feed: feed, checks: checks, centre: world.centre, centreLaw: world.centreLaw)

    /// Runs the daemon's tasks until all of them wait, and takes the process away if it was killed meanwhile.
    func run() {
        if world.swarm.replicas == 1 || world.timeline.nowMs >= process.stoppedUntilMs { process.run() }
        world.timeline.machine = index
        host.bury()
    }
}
