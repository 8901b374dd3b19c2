import Daemon
import Model

/// The machine that runs the daemon: starts the process, crashes it, and starts it again. What runs in it is the
/// daemon's own composition.
struct DaemonHost {
    let bug: PlantedBug?
    let swarm: Swarm
    let timeline: Timeline
    let fleet: Fleet
    let process: DaemonProcess
    let disk: VirtualDisk
    let files: MachineFiles
    let surroundings: Surroundings
    let feed: CheckFeed
    let checks: Checkers
    /// Nil without a configuration centre.
    let centre: CentreWorld?
    let centreLaw: CentreLaw?
    private let centreShelf = VirtualCentreShelf()
    private static let centreWaitMs: Int64 = 3_000

    init(
        bug: PlantedBug?, swarm: Swarm, timeline: Timeline, fleet: Fleet, process: DaemonProcess, disk: VirtualDisk,
        files: MachineFiles, surroundings: Surroundings, feed: CheckFeed, checks: Checkers, centre: CentreWorld?,
        centreLaw: CentreLaw?
    ) {
        (self.bug, self.swarm, self.timeline, self.fleet, self.process) = (bug, swarm, timeline, fleet, process)
        (self.disk, self.files, self.surroundings, self.feed, self.checks) = (disk, files, surroundings, feed, checks)
        (self.centre, self.centreLaw) = (centre, centreLaw)
    }

    func boot() {
        let life = process.begin(releases: fleet.releases.count)
        let plan = files.plan
        if centre == nil { feed.take(plan) }
        timeline.note("daemon: life \(life.number) begins with \(disk.entries.count) entries")
        let options = DaemonParts.Options(
            version: "simulated", isDryRun: swarm.isDryRun, seed: timeline.dice.raw(),
            endAfterMs: bug == .serviceReturns ? 60_000 : nil)
        life.root = Task(executorPreference: process.executor) { await live(life, plan, options) }
    }

    private func live(_ life: DaemonLife, _ plan: Plan, _ options: DaemonParts.Options) async {
        var reason = "it returned"
        do {
            let parts = try await madeParts(life, plan, options)
            began(life, parts, await parts.snapshot())
            try await parts.run()
        } catch {
            reason = "\(error)"
            if life.parts == nil, hasNothingToWatch, process.isAlive(life.number) {
                process.kill("it has nothing to watch")
            }
        }
        life.isOver = true
        if process.isAlive(life.number) { checks.stopped(reason) }
    }

    /// A centre whose state cannot be used, and no earlier one on the disk: the daemon ends, and is started again.
    private var hasNothingToWatch: Bool { centre != nil && centreShelf.current() == nil }

    private func madeParts(
        _ life: DaemonLife, _ plan: Plan, _ options: DaemonParts.Options
    ) async throws -> DaemonParts {
        let environment = surroundings.environment(of: life.number)
        guard let centre else {
            return try await DaemonParts(plan: plan, source: files, options: options, environment: environment)
        }
        let parts = try await DaemonParts(
            local: try files.load(centre: nil), source: files, options: options, environment: environment,
            centre: VirtualCentre(world: centre, process: process, life: life.number), shelf: centreShelf,
            waitMs: Self.centreWaitMs)
        if process.isAlive(life.number) {
            feed.take(parts.startPlan)
            centreLaw?.takes(parts.startPlan)
        }
        return parts
    }

    private func began(_ life: DaemonLife, _ parts: DaemonParts, _ snapshot: Snapshot) {
        life.parts = parts
        guard process.isAlive(life.number) else { return }
        surroundings.observer.began(snapshot)
        checks.began(snapshot: snapshot, entries: disk.entries, wallShiftMs: process.wallShiftMs)
    }

    /// Crashes the process if it was killed in the middle of something.
    func bury() {
        if let life = process.life, life.isKilled { crash(because: life.death) }
    }

    /// All that was in memory is gone; what was on its way to the disk may or may not have arrived.
    func crash(because reason: String) {
        process.effectsUntilCrash = nil
        process.resume()
        guard let life = process.life else { return }
        life.isKilled = true
        if bug == .diskLies { disk.lose(lastCommits: 2) }
        if life.isWriting, let batch = life.unwritten.first, disk.canWrite { interrupt(batch) }
        let isNothingLost = life.unwritten.isEmpty && !swarm.isDryRun
        if let snapshot = process.snapshot() {
            checks.ended(snapshot: snapshot, isNothingLost: isNothingLost && bug == nil)
        }
        end()
        process.recordLife()
        timeline.note("daemon: \(reason)")
        // A reboot begins another uptime; a mere restart continues the old one.
        if timeline.dice.chance(percent: 30) { process.reboot() }
        timeline.after(timeline.isHealed ? 1_000 : timeline.dice.ms(200...40_000), .restart)
    }

    /// The batch that was being written is there, is not there, or is there in part.
    private func interrupt(_ batch: JournalBatch) {
        switch timeline.dice.int(0...2) {
        case 0: break
        case 1:
            disk.tear(batch, keptPerMille: timeline.dice.int(0...1_000))
            timeline.note("disk: the last batch is torn")
        default:
            disk.append(batch, atMs: timeline.nowMs)
            timeline.note("disk: the last batch did arrive")
            checks.becameDurable(batch, receivers: fleet.plan.receivers)
        }
    }

    /// Takes the process away, if there is one.
    func end() {
        guard let life = process.life else { return }
        if !process.end(life) { checks.leftBehind() }
    }
}
