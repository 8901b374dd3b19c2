import Kernel
import Logging
import Model
import Ports
import Scraping

/// Owns the kernel: every input goes through here, one after the other, and every effect leaves from here in order.
///
/// Nothing in here waits for the world: effects are handed to services, which send the answers back as inputs.
actor Watchdog {
    private var kernel: Kernel
    private let clock: any DaemonClock
    private let secrets: KnownSecrets
    private let effects: EffectSink
    private let probe: DaemonProbe?
    private var timer: Task<Void, Never>?
    private var timerUptimeMs: Int64?
    /// Distinguishes the present timer from one that was cancelled too late.
    private var timerNumber = 0
    /// Everything up to it is on the disk.
    private var durableSequence: UInt64 = 0
    /// Counts what happened to the kernel but scrapes.
    private var revision = 0

    init(kernel: Kernel, clock: any DaemonClock, secrets: KnownSecrets, effects: EffectSink, probe: DaemonProbe? = nil)
    {
        self.kernel = kernel
        self.clock = clock
        self.secrets = secrets
        self.effects = effects
        self.probe = probe
    }

    /// Here the world's answers enter: what they say is made fit to be shown before anything keeps it.
    func send(_ input: Input) {
        if case .scraped = input {} else { revision += 1 }
        if case .journalDurable(let sequence) = input { durableSequence = max(durableSequence, sequence) }
        let now = clock.now
        let asked = kernel.step(secrets.shown(input), at: now)
        probe?.stepped(.input(input), asked, kernel, now)
        effects.carryOut(asked)
        setTimer()
    }

    /// Of the releases whose share a configuration centre orders.
    func centreShares() -> [CentreShareReport] { kernel.centreShares(at: clock.now) }

    /// Another plan. Releases that come in know at once what other replicas have handed over of them: nothing is done with what
    /// they were when this process knew them last.
    func reload(_ next: Plan, _ handovers: Handovers?) {
        let known = Set(kernel.plan.releases.map(\.name))
        send(.reload(next))
        guard let handovers else { return }
        let names = next.releases.map(\.name).filter { !known.contains($0) }
        for document in handovers.shelf.documents(of: names) { send(.handedOver(document)) }
        for peer in handovers.shelf.peers(of: names, except: handovers.name) { send(.peerRolledBack(peer)) }
    }

    /// Another part of the configuration in force. A rollback may have begun since it was found out what may leave: that is asked
    /// in the same turn.
    ///
    /// - Returns: false when a release has to stay that would leave; nothing has changed then.
    func reload(part next: Plan, _ handovers: Handovers?) -> Bool {
        guard mayTake(part: next) else { return false }
        reload(next, handovers)
        return true
    }

    /// Whether all releases that would leave may do so now.
    func mayTake(part next: Plan) -> Bool { kernel.releasesThatMustStay(next).isEmpty }

    func command(_ command: Command, by: String, reason: String) -> CommandResult {
        revision += 1
        let now = clock.now
        let (result, asked) = kernel.command(command, by: by, reason: reason, at: now)
        probe?.stepped(.command(command, result), asked, kernel, now)
        effects.carryOut(asked)
        setTimer()
        return result
    }

    func order(_ command: RolloutCommand, release: String, _ order: OrderContext) -> RolloutAnswer {
        revision += 1
        let now = clock.now
        let (answer, asked) = kernel.order(command, release: release, order, at: now)
        probe?.stepped(.order(command, answer), asked, kernel, now)
        effects.carryOut(asked)
        setTimer()
        return answer
    }

    /// What another daemon of a group asks of a release.
    ///
    /// - Returns: the answer, and what has to be on the disk before it is given; nil for nothing.
    func answer(_ order: GroupOrder) -> (answer: GroupAnswer, sequence: UInt64?) {
        revision += 1
        let now = clock.now
        let (answer, sequence, asked) = kernel.answer(secrets.shown(order), at: now)
        probe?.stepped(.groupOrder(order, answer), asked, kernel, now)
        effects.carryOut(asked)
        setTimer()
        return (answer, sequence)
    }

    /// - Returns: whether the entry was on this daemon's disk within the time.
    func isWritten(_ sequence: UInt64, withinMs limitMs: Int64) async -> Bool {
        let endUptimeMs = clock.now.uptimeMs + limitMs
        while durableSequence < sequence {
            guard clock.now.uptimeMs < endUptimeMs else { return false }
            do { try await clock.sleep(ms: 5) } catch { return false }
        }
        return true
    }

    /// - Returns: whether the entry became durable within the time, and reached the other replicas where there are some.
    func isDurable(_ sequence: UInt64, of release: String, withinMs limitMs: Int64) async -> Bool {
        let endUptimeMs = clock.now.uptimeMs + limitMs
        while durableSequence < sequence || !kernel.isHandedOver(through: sequence, release: release) {
            guard clock.now.uptimeMs < endUptimeMs else { return false }
            do { try await clock.sleep(ms: 5) } catch { return false }
        }
        return true
    }

    /// The alerts that last, for receivers that want them again and again.
    func standingAlerts() -> [Notification] { kernel.standingAlerts(at: clock.now) }

    /// For a ``SnapshotCache``, which makes a snapshot of it elsewhere. Costs nothing but, where the copy is still in use at
    /// the next change, a copy of what changes.
    func copy() -> KernelCopy {
        let now = clock.now
        return KernelCopy(kernel: kernel, now: now, mark: .init(revision: revision, uptimeMs: now.uptimeMs))
    }

    /// Whether a copy with this mark still shows what is so.
    func isStill(_ mark: KernelCopy.Mark) -> Bool {
        mark.revision == revision && clock.now.uptimeMs - mark.uptimeMs < SnapshotCache.ageLimitMs
    }

    /// The plan with the versions and roles that the places have now.
    func effectivePlan() -> Plan { kernel.effectivePlan }

    /// The same of another plan, which is not in force yet.
    func effective(_ next: Plan) -> Plan { kernel.effective(next) }

    func reasonsToRefuse(_ next: Plan) -> [String] { kernel.reasonsToRefuse(next) }

    func watchedSinceUptimeMs(release: String) -> Int64? { kernel.watchedSinceUptimeMs(release: release) }

    func stop() {
        timer?.cancel()
        timer = nil
    }

    /// One timer for the earliest thing that is due by time alone.
    private func setTimer() {
        guard let wake = kernel.nextWakeUptimeMs else { return stop() }
        guard wake != timerUptimeMs || timer == nil else { return }
        timer?.cancel()
        timerUptimeMs = wake
        timerNumber += 1
        let number = timerNumber
        // Never at once: a kernel that asks for the past must not spin.
        let pauseMs = max(1, wake - clock.now.uptimeMs)
        timer = clock.start { [weak self, clock] in
            do { try await clock.sleep(ms: pauseMs) } catch { return }
            await self?.timerRang(number)
        }
    }

    private func timerRang(_ number: Int) {
        guard number == timerNumber else { return }
        timer = nil
        send(.tick)
    }
}

/// What scrapes report.
extension Watchdog: ScrapeSink {
    func scraped(_ report: ScrapeReport) { send(.scraped(report)) }

    func cycleEnded(release: String) { send(.cycleEnded(release: release)) }

    func nextCycleMs(release: String) -> Int64? { kernel.nextCycleMs(release: release) }
}

/// Where effects go: the services' queues. Synchronous, so that their order is the kernel's.
struct EffectSink: Sendable {
    let journal: JournalWriter
    let routers: RouterService
    let log: KernelLog
    let meter: KernelMeter
    /// Of a daemon that leads releases; one that only watches needs neither.
    var askGate: @Sendable (GateQuestion) -> Void = { _ in }
    var poolsChanged: @Sendable () -> Void = {}
    /// A step of a plan: whether it is only checked is the second value.
    var callStep: @Sendable (StepCall, Bool) -> Void = { _, _ in }
    /// A companion on another daemon.
    var askCompanion: @Sendable (GroupCall) -> Void = { _ in }
    /// Release, call and gate.
    var readSchema: @Sendable (String, Int, SchemaGate) -> Void = { _, _, _ in }
    /// Of a daemon that has replicas.
    var replicas: ReplicaQueue?

    func carryOut(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .append(let batch): journal.enqueue(batch)
            case .applySplit(let release, let call, let split, let timeoutMs, let via):
                routers.enqueue(.apply(release: release, call: call, split: split, timeoutMs: timeoutMs, via: via))
            case .observeSplit(let release, let call, let timeoutMs, let via):
                routers.enqueue(.observe(release: release, call: call, timeoutMs: timeoutMs, via: via))
            case .forceRoute(let release, let call, let isOpen, let timeoutMs):
                routers.enqueue(.force(release: release, call: call, isOpen: isOpen, timeoutMs: timeoutMs))
            case .showPlannedCalls(let release, let split): routers.enqueue(.show(release: release, split: split))
            case .aim(let release, let isTurned): routers.aim(release: release, isTurned: isTurned)
            case .poolsChanged: poolsChanged()
            case .askGate(let question): askGate(question)
            case .runStep(let call): callStep(call, false)
            case .checkStep(let call): callStep(call, true)
            case .askCompanion(let call): askCompanion(call)
            case .readSchema(let release, let call, let gate): readSchema(release, call, gate)
            case .publish(let document) where document.token == HandoverDocument.tokenOfOffer: replicas?.offer(document)
            case .publish(let document): replicas?.publish(document)
            case .announceRollback(let entry): replicas?.announce(entry)
            case .shareOperators(let acts): replicas?.share(acts)
            case .log(let line): log.write(line)
            case .measure(let measurement): meter.take(measurement)
            }
        }
    }
}

/// The kernel's lines in the daemon's log.
struct KernelLog: Sendable {
    let logger: Logger

    func write(_ line: LogLine) {
        let text = line.release.map { "\($0): \(line.text)" } ?? line.text
        var fields: Logger.Metadata = [:]
        for (name, value) in [("release", line.release), ("incident", line.incident), ("rule", line.rule)] {
            if let value { fields[name] = .string(value) }
        }
        switch line.level {
        case .info: logger.info("\(text)", metadata: fields)
        case .warning: logger.warning("\(text)", metadata: fields)
        case .error: logger.error("\(text)", metadata: fields)
        }
    }
}
