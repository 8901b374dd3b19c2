import Daemon
import Kernel
import Logging
import Model
import Ports
import SystemSupport

/// The daemon's process: its start, its end, and its return. What runs in it is the daemon's own composition.
extension VirtualWorld {
    func boot() {
        lives += 1
        lifeBeganMs = nowMs
        let plan = draft.plan
        take(plan)
        note("daemon: life \(lives) begins with \(disk.entries.count) entries")
        let life = DaemonLife(number: lives, uptimeOffsetMs: uptimeOffsetMs, releases: releases.count)
        let options = DaemonParts.Options(
            version: "simulated", isDryRun: swarm.isDryRun, seed: dice.raw(),
            endAfterMs: bug == .serviceReturns ? 60_000 : nil)
        daemon = life
        life.root = Task(executorPreference: executor) { await self.live(life, plan, options) }
    }

    private func live(_ life: DaemonLife, _ plan: Plan, _ options: DaemonParts.Options) async {
        var reason = "it returned"
        do {
            let parts = try await DaemonParts(
                plan: plan, source: VirtualFiles(world: self), options: options, environment: environment(of: life))
            began(life, parts, await parts.snapshot())
            try await parts.run()
        } catch {
            reason = "\(error)"
        }
        life.isOver = true
        if isAlive(life.number) { checks.stopped(reason) }
    }

    private func environment(of life: DaemonLife) -> DaemonEnvironment {
        let number = life.number
        return DaemonEnvironment(
            clock: VirtualClock(world: self, life: number), journals: VirtualJournals(world: self, life: number),
            network: VirtualNetwork(world: self, life: number), secrets: KnownSecrets(NoSecrets()),
            files: OpenFiles(limit: 1_024, processors: 2),
            logger: Logger(label: "rollguard") { _ in VirtualLog(world: self, life: number) },
            probe: DaemonProbe(
                stepped: { cause, effects, kernel, now in
                    if self.isAlive(number) { self.stepped(cause, effects, kernel, now) }
                },
                driver: { driver, plan in
                    guard let release = self.releaseIndex(plan.name) else { return driver }
                    return WatchedDriver(driver: driver, world: self, life: number, release: release)
                },
                receiver: { WatchedReceiver(receiver: $0, world: self) }))
    }

    private func began(_ life: DaemonLife, _ parts: DaemonParts, _ snapshot: Snapshot) {
        life.parts = parts
        guard isAlive(life.number) else { return }
        checks.began(snapshot: snapshot, entries: disk.entries, wallShiftMs: wallShiftMs)
    }

    /// Whether what this life does still reaches the world.
    func isAlive(_ life: Int) -> Bool { daemon?.number == life && daemon?.isKilled == false }

    /// Waits for a moment that never comes: only a cancellation ends it.
    func hang() async { _ = await sleeps.wait { _ in } }

    /// What the daemon says of itself. Only between two events, while none of its tasks can run.
    func snapshot() -> Snapshot? {
        guard let parts = daemon?.parts else { return nil }
        let box = Box()
        Task(executorPreference: executor) { box.snapshot = await parts.snapshot() }
        executor.runUntilAllWait()
        return box.snapshot
    }

    private final class Box: @unchecked Sendable {
        var snapshot: Snapshot?
    }

    /// Asks the daemon for something, as its API does.
    func ask(_ request: @escaping @Sendable (any Operations) async -> Void) {
        guard let requests = daemon?.parts?.requests else { return }
        Task(executorPreference: executor) { await request(requests) }
    }

    // MARK: The end of a process

    /// Something that a crash may come right after. The process dies here, in the middle of what it does; the world
    /// deals with it as soon as its tasks wait.
    func countDownToCrash() {
        guard let left = effectsUntilCrash else { return }
        effectsUntilCrash = left - 1
        if left <= 0 { kill("a crash in the middle of something") }
    }

    func kill(_ reason: String) {
        effectsUntilCrash = nil
        daemon?.isKilled = true
        daemon?.death = reason
    }

    /// All that was in memory is gone; what was on its way to the disk may or may not have arrived.
    func crash(because reason: String) {
        effectsUntilCrash = nil
        stoppedUntilMs = -1_000_000
        guard let life = daemon else { return }
        life.isKilled = true
        if bug == .diskLies { disk.lose(lastCommits: 2) }
        if life.isWriting, let batch = life.unwritten.first, disk.canWrite { interrupt(batch) }
        let isNothingLost = life.unwritten.isEmpty && !swarm.isDryRun
        if let snapshot = snapshot() {
            checks.ended(snapshot: snapshot, isNothingLost: isNothingLost && bug == nil)
        }
        end(life)
        pastLives.append(lifeBeganMs...nowMs)
        note("daemon: \(reason)")
        // A reboot begins another uptime; a mere restart continues the old one.
        if dice.chance(percent: 30) { uptimeOffsetMs = 5_000 - nowMs }
        after(isHealed ? 1_000 : dice.ms(200...40_000), .restart)
    }

    /// The batch that was being written is there, is not there, or is there in part.
    private func interrupt(_ batch: JournalBatch) {
        switch dice.int(0...2) {
        case 0: break
        case 1:
            disk.tear(batch, keptPerMille: dice.int(0...1_000))
            note("disk: the last batch is torn")
        default:
            disk.append(batch, atMs: nowMs)
            note("disk: the last batch did arrive")
            checks.becameDurable(batch, receivers: plan.receivers)
        }
    }

    /// Takes the process away. Its tasks end, because whatever they wait for is cancelled.
    func end(_ life: DaemonLife) {
        life.isKilled = true
        daemon = nil
        life.root?.cancel()
        executor.runUntilAllWait()
        if !life.isOver { checks.leftBehind() }
        life.parts = nil
    }
}
