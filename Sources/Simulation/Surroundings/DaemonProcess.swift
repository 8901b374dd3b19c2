import Daemon
import Model
import Ports

/// The daemon's process as the world sees it from outside: its present life, its clocks, and what runs in it.
///
/// Used on the world's thread alone.
final class DaemonProcess: @unchecked Sendable {
    private let timeline: Timeline
    /// Which machine it runs on, from 0.
    let machine: Int
    /// Of the machine: since the beginning of the run.
    private(set) var machineClock = MachineClock()
    let executor = VirtualExecutor()
    /// Tasks of the daemon that wait for a time or for the disk.
    let sleeps = Waits<Void>()
    /// Nil between a crash and the restart.
    private(set) var life: DaemonLife?
    /// How many lives there have been, with the present one.
    private(set) var lives = 0
    private(set) var lifeBeganMs: Int64 = 0
    /// Of the lives before the present one.
    private(set) var pastLives: [ClosedRange<Int64>] = []
    /// Uptime minus the world's time, for the next life.
    private var uptimeOffsetMs: Int64 = 1_000_000
    /// The daemon's wall clock against the services' one.
    var wallShiftMs: Int64 = 0
    /// A crash comes after so many more effects; nil while none is planned.
    var effectsUntilCrash: Int?
    /// Until then the process does not run; see ``ProcessStops``.
    var stoppedUntilMs: Int64 = -1_000_000

    init(timeline: Timeline, machine: Int, ppm: Int64 = 0) {
        (self.timeline, self.machine) = (timeline, machine)
        machineClock.ppm = ppm
    }

    /// By its machine's clock, since the beginning of the run.
    var localMs: Int64 { machineClock.localMs(atMs: timeline.nowMs) }

    /// The daemon's clocks.
    var moment: Moment {
        Moment(
            uptimeMs: localMs + (life?.uptimeOffsetMs ?? uptimeOffsetMs),
            wallMs: Timeline.epochMs + localMs + machineClock.restedMs + wallShiftMs)
    }

    /// Whether what this life does still reaches the world.
    func isAlive(_ number: Int) -> Bool { life?.number == number && life?.isKilled == false }

    // MARK: Waiting

    /// Waits for a moment that never comes: only a cancellation ends it.
    func hang() async { _ = await sleeps.wait { _ in } }

    /// Waits in virtual time. In a life that is over nothing wakes up.
    ///
    /// - Returns: false when the task was cancelled.
    func pause(ms: Int64, life number: Int) async -> Bool {
        await sleeps.wait { wait in
            if isAlive(number) {
                timeline.after(machineClock.worldMs(of: ms), .wake(wait, dueMs: localMs + ms))
            }
        } != nil
    }

    /// A sleep is over, unless the machine's clock did not run all the time.
    func wake(_ wait: Int, dueMs: Int64) {
        guard localMs < dueMs else { return sleeps.end(wait, with: ()) }
        timeline.after(machineClock.worldMs(of: dueMs - localMs), .wake(wait, dueMs: dueMs))
    }

    /// Runs its tasks until all of them wait. What they plan happens to this machine.
    func run() {
        let before = timeline.machine
        timeline.machine = machine
        executor.runUntilAllWait()
        timeline.machine = before
    }

    // MARK: Talking to the daemon

    /// What the daemon says of itself. Only between two events, while none of its tasks can run.
    ///
    /// - Returns: nil while no daemon is running.
    func snapshot() -> Snapshot? {
        guard let parts = life?.parts else { return nil }
        let box = Box()
        Task(executorPreference: executor) { box.snapshot = await parts.snapshot() }
        run()
        return box.snapshot
    }

    private final class Box: @unchecked Sendable {
        var snapshot: Snapshot?
    }

    /// Asks the daemon for something, as its API does. Nothing is asked while no daemon is running.
    func ask(_ request: @escaping @Sendable (any Operations) async -> Void) {
        guard let requests = life?.parts?.requests else { return }
        Task(executorPreference: executor) { await request(requests) }
    }

    // MARK: Beginning and end

    /// The next life, which begins now. What runs in it is started by the caller.
    func begin(releases: Int) -> DaemonLife {
        lives += 1
        lifeBeganMs = timeline.nowMs
        let next = DaemonLife(number: lives, uptimeOffsetMs: uptimeOffsetMs, releases: releases)
        life = next
        return next
    }

    /// Something that a crash may come right after. The process dies here, in the middle of what it does; the world
    /// deals with it as soon as its tasks wait.
    func countDownToCrash() {
        guard let left = effectsUntilCrash else { return }
        effectsUntilCrash = left - 1
        if left <= 0 { kill("a crash in the middle of something") }
    }

    func kill(_ reason: String) {
        effectsUntilCrash = nil
        life?.isKilled = true
        life?.death = reason
    }

    /// Takes the process away. Its tasks end, because whatever they wait for is cancelled.
    ///
    /// - Returns: false when a task ignores its cancellation.
    func end(_ ending: DaemonLife) -> Bool {
        ending.isKilled = true
        life = nil
        ending.root?.cancel()
        run()
        ending.parts = nil
        return ending.isOver
    }

    /// Keeps when the life that has just ended was.
    func recordLife() { pastLives.append(lifeBeganMs...timeline.nowMs) }

    /// A reboot of the machine: the uptime of the next life begins again.
    func reboot() { uptimeOffsetMs = 5_000 - localMs }

    /// A process that is killed is stopped no longer, and its machine has come back.
    func resume() {
        stoppedUntilMs = -1_000_000
        machineClock.resume(atMs: timeline.nowMs)
    }

    /// The process does not run until then; with its machine, neither does its clock.
    func stop(untilMs: Int64, withMachine: Bool) {
        stoppedUntilMs = untilMs
        if withMachine { machineClock.stop(fromMs: timeline.nowMs, untilMs: untilMs) }
    }
}
