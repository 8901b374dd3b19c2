import Model
import Telemetry

/// The daemon and everything around it, in virtual time. One thread, one queue, one source of chance.
///
/// A class, because a run is one long mutation of one thing; it never leaves the call that made it.
final class VirtualWorld {
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
    let transport = VirtualTransport()
    let routerAnswers = RouterAnswers()
    var calls: [RouterCall] = []
    var letters: [VirtualTransport.Letter] = []
    var areLettersAnswered: [Bool] = []
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
    /// Deliveries that a bug has sent out too early.
    var hasted: [Delivery] = []

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
        }
        abandonLetters()
    }

    private func happen(_ what: Happening) {
        // What reaches a process that does not run waits for it.
        if nowMs < stoppedUntilMs, what.isTheDaemons { return queue.add(what, atMs: stoppedUntilMs) }
        switch what {
        case .timer(let life, let uptimeMs): timerRang(life: life, uptimeMs: uptimeMs)
        case .cycle(let life, let generation, let release): beginCycle(life, generation, release)
        case .lateEnough(let scrape, let cycle): judgeWithoutTheLate(scrape, cycle)
        case .scrape(let scrape): serve(scrape)
        case .scraped(let scrape, let failure, let body): take(scrape, failure, body)
        case .written(let life): written(life: life)
        case .writeAgain(let life): if isAlive(life) { write() }
        case .letterArrived(let letter, let instance): letterArrived(letter, instance)
        case .letterAnswered(let letter, let answer): answerLetter(letter, .success(answer))
        case .letterRefused(let letter): letterRefused(letter)
        case .letterTimedOut(let letter): letterTimedOut(letter)
        case .reverted(let release, let instance, let share, let revision):
            revert(release, instance, share, revision)
        case .pump(let life): pump(life: life)
        case .posted(let life, let receiver, let delivery): post(life, receiver, delivery)
        case .answered(let life, let receiver, let delivery, let outcome): settle(life, receiver, delivery, outcome)
        case .deploy(let release): firstDeploy(release)
        case .bodyArrived(let release): reactToReport(release)
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

    func isAlive(_ life: Int) -> Bool { daemon?.number == life }

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
