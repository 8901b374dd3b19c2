import Model
import Ports
import Telemetry

/// The daemon and everything around it, in virtual time. One thread, one queue, one source of chance.
///
/// A class, because a run is one long mutation of one thing. The daemon's tasks run on the thread of the call that
/// made it, and nothing else touches it, so it needs no lock.
final class VirtualWorld: @unchecked Sendable {
    static let epochMs: Int64 = 1_700_000_000_000

    let seed: UInt64
    let bug: PlantedBug?
    var dice: Dice
    var trace: Trace
    let swarm: Swarm
    var queue = EventQueue<Happening>()
    var nowMs: Int64 = 0
    /// The configuration files, and what the Rulebook made of them.
    var draft: ConfigurationDraft
    var plan: Plan
    var releases: [VirtualRelease]
    var disk = VirtualDisk()
    /// Of a dry run: the journal of the runs that move traffic.
    var inheritedDisk = VirtualDisk()
    var receivers: [VirtualReceiver]
    var checks: Checkers
    /// Nil between a crash and the restart.
    var daemon: DaemonLife?
    var lives = 0
    var lifeBeganMs: Int64 = 0
    /// Of the daemon's lives before the present one.
    var pastLives: [ClosedRange<Int64>] = []
    var uptimeOffsetMs: Int64 = 1_000_000
    /// The daemon's wall clock against the services' one.
    var wallShiftMs: Int64 = 0
    let executor = VirtualExecutor()
    /// Tasks of the daemon that wait for a time or for the disk.
    let sleeps = Waits<Void>()
    /// Requests that wait for an answer.
    let answers = Waits<Result<HTTPResponse, TransportError>>()
    var calls: [RouterCall] = []
    /// The world's links to the daemon: one per router instance's release, targets, receivers.
    var cutRouters: [Bool]
    var cutTargets: [Bool]
    var lossPerMille: Int
    var longestDelayMs: Int64
    /// A crash comes after so many more effects.
    var effectsUntilCrash: Int?
    /// The next router call is lost inside the daemon.
    var losesNextCall = false
    /// An operator's answer was lost in a crash.
    var hasLostAnAnswer = false
    /// Until then the daemon's process does not run; see ``VirtualWorld/stop()``.
    var stoppedUntilMs: Int64 = -1_000_000
    /// Of the stops, so that they do not change what else is drawn.
    var stopDice: Dice
    var isHealed = false
    var isOver = false
    var versionCounter = 2
    var instanceCounter = 0
    /// The next read of the configuration finds an error.
    var isMisspelt = false
    /// What planted bugs show in the place of scrape bodies.
    var inventedErrors: [String: Int] = [:]
    var frozenBodies: [String: HTTPResponse] = [:]

    init(seed: UInt64, planting bug: PlantedBug?, trace sink: ((String) -> Void)?) {
        self.seed = seed
        self.bug = bug
        dice = Dice(seed: seed)
        stopDice = Dice(seed: seed ^ 0x5709_5709)
        trace = Trace(sink: sink)
        swarm = Swarm(dice: &dice)
        draft = ConfigurationDraft(swarm: swarm, dice: &dice)
        plan = draft.plan
        releases = []
        for release in draft.releases {
            releases.append(VirtualRelease(draft: release, wallMs: VirtualWorld.epochMs, dice: &dice))
        }
        if swarm.hasPeculiarExporters {
            // Of the exporters, so that they do not change what else is drawn.
            var exporterDice = Dice(seed: seed ^ 0x3E9_0473)
            for index in releases.indices { releases[index].drawExporters(dice: &exporterDice) }
        }
        receivers = plan.receivers.map { VirtualReceiver(name: $0.name) }
        checks = Checkers(releases: plan.releases.map(\.name))
        cutRouters = plan.releases.map { _ in false }
        cutTargets = plan.releases.map { _ in false }
        lossPerMille = swarm.lossPerMille
        longestDelayMs = swarm.longestDelayMs
    }

    func run() {
        note("seed \(seed): \(swarm.summary)")
        for service in releases.flatMap({ $0.baseline + $0.canary }) where service.exporter.mood != .plain {
            note("\(service.instance): exporter \(service.exporter.mood.rawValue)")
        }
        boot()
        for index in releases.indices { queue.add(.deploy(release: index), atMs: dice.ms(1_000...60_000)) }
        if !swarm.troubles.isEmpty { queue.add(.trouble, atMs: dice.ms(1...swarm.troubleEveryMs)) }
        if swarm.isStoppedAtTimes { queue.add(.stop, atMs: stopDice.ms(20_000...120_000)) }
        queue.add(.heal, atMs: swarm.faultPhaseMs)
        queue.add(.calm, atMs: swarm.faultPhaseMs + Swarm.patienceMs)
        queue.add(.end, atMs: swarm.faultPhaseMs + Swarm.calmMs)
        while !isOver, checks.failure == nil, let event = queue.next() {
            nowMs = max(nowMs, event.timeMs)
            happen(event.payload)
            // Time passes only while no task of the daemon can run.
            executor.runUntilAllWait()
            if let daemon, daemon.isKilled { crash(because: daemon.death) }
        }
        if let daemon { end(daemon) }
    }

    private func happen(_ what: Happening) {
        // What reaches a process that does not run waits for it.
        if nowMs < stoppedUntilMs, what.isTheDaemons { return queue.add(what, atMs: stoppedUntilMs) }
        switch what {
        case .wake(let wait): sleeps.end(wait, with: ())
        case .scrape(let scrape): serve(scrape)
        case .routerRequest(let request): serve(request)
        case .notification(let posting): deliver(posting)
        case .answered(let wait, let answer): answers.end(wait, with: answer)
        case .reverted(let release, let instance, let share, let revision):
            revert(release, instance, share, revision)
        case .deploy(let release): firstDeploy(release)
        case .operatorReacts(let release): reactToReport(release)
        case .command(let release, let isRollback): command(release, isRollback: isRollback)
        case .readFiles: readFiles()
        case .trouble: makeTrouble()
        case .stop: stop()
        case .restart: boot()
        case .heal: heal()
        case .calm: calm()
        case .end: end()
        }
    }

    func note(_ text: @autoclosure () -> String) { trace.note(nowMs, text()) }

    func after(_ ms: Int64, _ what: Happening) { queue.add(what, atMs: nowMs + max(0, ms)) }

    var moment: Moment {
        Moment(
            uptimeMs: nowMs + (daemon?.uptimeOffsetMs ?? uptimeOffsetMs),
            wallMs: VirtualWorld.epochMs + nowMs + wallShiftMs)
    }

    var report: SimulationReport {
        let failure = checks.failure
        let acknowledged = disk.entries.count { $0.event == .acknowledged }
        let intended = disk.entries.count { if case .intended = $0.event { true } else { false } }
        let outcome = failure.map { "FAILED \($0.check): \($0.detail)" } ?? "ok"
        let summary =
            "seed \(seed): \(outcome); \(nowMs / 1_000) s, \(trace.steps) steps, \(lives) lives, \(intended) rollbacks,"
            + " \(acknowledged) acknowledged; \(swarm.summary)"
        return SimulationReport(
            seed: seed, digest: trace.digest, virtualSeconds: Double(nowMs) / 1_000, failure: failure,
            steps: trace.steps, summary: summary)
    }

    // MARK: The network

    var delayMs: Int64 { dice.ms(1...longestDelayMs) }

    var isLost: Bool { lossPerMille > 0 && dice.int(1...1_000) <= lossPerMille }
}
