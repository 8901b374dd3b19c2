import Model
import Telemetry

@testable import Kernel

/// A kernel with a world around it: a clock, two pools that serve requests, a router, a disk. Everything is exact and
/// nothing waits.
struct KernelHarness {
    /// How the router behaves.
    enum RouterMood {
        case honest
        /// Answers 2xx and does nothing.
        case ignores
        case refuses
        /// Never answers; the kernel has to notice by itself.
        case hangs
        /// Makes the change when the test says so.
        case slow
        /// Makes the change, but the answer is lost.
        case losesReplies
        /// Cannot be read at all.
        case blind
        /// Refuses connections, for changes and for polls.
        case unreachable
        /// Can be read, and says that a change would be refused.
        case readOnly
    }

    /// What a pool serves in each cycle, per target.
    struct Traffic {
        var requests = 100.0
        var errors = 0.0
        var isUp = true
    }

    var plan: Plan
    var kernel: Kernel
    var now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000)
    var mood = RouterMood.honest
    var canaryBasisPoints = 1_000
    /// What the router says of the baseline's servers; nil when it does not report them.
    var baselineHealthy: Bool?
    /// How the second router behaves, where the plan has one; it can always take the canary's traffic away.
    var fallbackMood = RouterMood.honest
    private(set) var isOnFallback = false
    var baseline = Traffic()
    var canary = Traffic()
    var isDiskWorking = true
    /// So many entries fit on the disk; no batch is written in part.
    var diskLimit = Int.max
    /// Sticky clients, health checks: requests per cycle that reach the canary whatever the router does.
    var strayRequests = 0.0
    /// How many of them fail.
    var strayErrors = 0.0
    /// Further instances of the router, which cannot be read.
    var unreadInstances: [String] = []
    /// Further instances of the router, each with a share of its own, which no call changes; nil while it cannot be read.
    var otherShares: [Int?] = []
    /// Requests per cycle that an instance has besides, whatever pool it is in.
    var ownRequests: [String: Double] = [:]
    /// Instances whose scrapes work and do not say how many requests there were.
    var withholding: Set<String> = []
    /// Which version an instance says that it runs.
    var toldVersions: [String: String] = [:]

    /// What a reading of the schema gives; nil leaves it without an answer.
    var schema: SchemaReport?
    private(set) var schemaReads = 0
    /// Requests of test users per cycle, and those that fail, while their route is open.
    var testRequests = 0.0
    var testErrors = 0.0
    /// Calls to that route are lost, those to the split are not.
    var losesForcedCalls = false
    /// Whether the route for test users leads to the canary.
    private(set) var isForced = false
    /// What the kernel asked of the route for test users, in order.
    private(set) var forcedCalls: [Bool] = []

    /// What steps of plans act on.
    var steps = ProcedureWorld()

    private(set) var journal: [JournalEntry] = []
    private(set) var deliveries: [Delivery] = []
    private(set) var applied: [Split] = []
    private(set) var isTurned = false
    private(set) var poolsChanged = 0
    private(set) var gateQuestions: [GateQuestion] = []
    private(set) var published: [HandoverDocument] = []
    private(set) var announced: [JournalEntry] = []
    /// The last journal sequence on disk when the router was called.
    private(set) var durableWhenApplied: [UInt64] = []
    private(set) var logs: [LogLine] = []
    private(set) var measurements: [Measurement] = []
    /// The router's true share at each acknowledgement.
    private(set) var shareWhenAcknowledged: [Int] = []
    private(set) var plannedSplits: [Split] = []
    private var unwritten: [JournalBatch] = []
    private var slowCall: (release: String, call: Int, split: Split)?

    init(
        plan: Plan = .example(), isDryRun: Bool = false, replaying entries: [JournalEntry] = [],
        canaryBasisPoints: Int = 1_000
    ) {
        self.plan = plan
        self.canaryBasisPoints = canaryBasisPoints
        journal = entries
        kernel = Kernel(
            plan: plan, replaying: entries, journalIdentity: "test", isDryRun: isDryRun, seed: 7, at: now)
        send(.tick)
    }

    /// A crash: what was on disk is all that is left.
    ///
    /// - Parameter clockShiftMs: what the wall clock was set by meanwhile.
    mutating func restart(
        keeping entries: Int? = nil, isDryRun: Bool = false, downMs: Int64 = 60_000, clockShiftMs: Int64 = 0
    ) {
        journal = Array(journal.prefix(entries ?? journal.count))
        unwritten = []
        now.uptimeMs = 5_000
        now.wallMs += downMs + clockShiftMs
        kernel = Kernel(
            plan: plan, replaying: journal, journalIdentity: "test", isDryRun: isDryRun, seed: 8, at: now)
        isTurned = kernel.effectivePlan.releases[0].isTurned
        send(.tick)
    }

    mutating func send(_ input: Input) { carryOut(kernel.step(input, at: now)) }

    mutating func order(
        _ command: RolloutCommand, by: String = "ada", reason: String = "because", key: String? = nil,
        rollout: String? = nil, ifMatch: String? = nil, isLimitedToOwn: Bool = false
    ) -> RolloutAnswer {
        let context = OrderContext(
            by: by, reason: reason, key: key, body: "\(command)", rollout: rollout, ifMatch: ifMatch,
            isLimitedToOwn: isLimitedToOwn)
        let (answer, effects) = kernel.order(command, release: plan.releases[0].name, context, at: now)
        carryOut(effects)
        return answer
    }

    mutating func command(_ command: Command, reason: String = "because") -> CommandResult {
        let (result, effects) = kernel.command(command, by: "ada", reason: reason, at: now)
        carryOut(effects)
        return result
    }

    /// Lets time pass, waking the kernel when it asks for it.
    mutating func pass(ms: Int64) {
        let end = now.uptimeMs + ms
        while let wake = kernel.nextWakeUptimeMs, wake <= end {
            advance(to: max(wake, now.uptimeMs + 1))
            if now.uptimeMs > end { return }
            send(.tick)
        }
        advance(to: end)
    }

    private mutating func advance(to uptimeMs: Int64) {
        guard uptimeMs > now.uptimeMs else { return }
        now.wallMs += uptimeMs - now.uptimeMs
        now.uptimeMs = uptimeMs
    }

    /// One scrape cycle of every release: the interval passes, all targets report, the rules are judged.
    mutating func cycle(_ count: Int = 1) {
        for _ in 0..<count {
            pass(ms: plan.releases[0].scrape.intervalMs)
            for release in kernel.effectivePlan.releases { report(release) }
            for release in plan.releases { send(.cycleEnded(release: release.name)) }
        }
    }

    private mutating func report(_ release: ReleasePlan) {
        let share = Double(canaryBasisPoints) / 10_000
        let seconds = Double(release.scrape.intervalMs) / 1_000
        for pool in Pool.allCases {
            // The first place is the baseline until the roles turn.
            let isFirstPlace = (pool == .baseline) != isTurned
            let traffic = isFirstPlace ? baseline : canary
            let weight = isFirstPlace ? 1 - share : share
            let test = isForced && pool == .canary ? (testRequests, testErrors) : (0, 0)
            let requests = traffic.requests * weight + (isFirstPlace ? 0 : strayRequests) + test.0
            for (index, target) in release.pool(pool).targets.enumerated() {
                let counted = requests + (ownRequests[target.instance] ?? 0)
                let reading = TargetReading(
                    requests: withholding.contains(target.instance) ? nil : counted,
                    errors: traffic.errors * weight + (isFirstPlace ? 0 : strayErrors) + test.1,
                    matches: .init(requests: 1, errors: 1), samples: 10, coveredSeconds: seconds)
                var report = ScrapeReport(
                    release: release.name, pool: pool, target: index, instance: target.instance,
                    outcome: traffic.isUp ? .success(reading, warnings: []) : .failure("refused"),
                    isUnreachable: !traffic.isUp)
                report.version = toldVersions[target.instance]
                send(.scraped(report))
            }
        }
    }

    private mutating func carryOut(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .append(let batch):
                for entry in batch.entries where entry.event == .acknowledged {
                    shareWhenAcknowledged.append(canaryBasisPoints)
                }
                append(batch)
            case .applySplit(let release, let call, let split, _, let via):
                isOnFallback = via == .fallback
                apply(release, call, split)
            case .observeSplit(let release, let call, _, let via):
                isOnFallback = via == .fallback
                observe(release, call)
            case .forceRoute(let release, let call, let isOpen, _): force(release, call, isOpen)
            case .showPlannedCalls(_, let split): plannedSplits.append(split)
            case .aim(_, let isTurned): self.isTurned = isTurned
            case .poolsChanged: poolsChanged += 1
            case .publish(let document): published.append(document)
            case .announceRollback(let entry): announced.append(entry)
            case .shareOperators: break
            case .askGate(let question): gateQuestions.append(question)
            case .runStep(let call):
                if let answer = steps.run(call) { answerStep(call, answer) }
            case .checkStep(let call): answerStep(call, steps.check(call))
            case .readSchema(let release, let call, _):
                schemaReads += 1
                if let schema { send(.schemaRead(release: release, call: call, schema)) }
            case .askCompanion: break
            case .log(let line): logs.append(line)
            case .measure(let measurement): measurements.append(measurement)
            }
        }
    }

    private mutating func answerStep(_ call: StepCall, _ answer: StepAnswer) {
        send(.stepAnswered(release: call.release, call: call.number, answer))
    }

    private mutating func append(_ batch: JournalBatch) {
        // Batches are written in their order: what comes after one that does not fit waits for it.
        guard isDiskWorking, unwritten.isEmpty, journal.count + batch.entries.count <= diskLimit else {
            unwritten.append(batch)
            return send(.journalFailing(reason: "no space left"))
        }
        journal += batch.entries
        deliveries += batch.deliveries
        send(.journalDurable(through: journal.last?.sequence ?? 0))
    }

    /// The disk works again, and what waited is lost.
    mutating func loseUnwritten() { (isDiskWorking, unwritten) = (true, []) }

    /// The disk works again: what waited is written, in order.
    mutating func healDisk() {
        isDiskWorking = true
        let waiting = unwritten
        unwritten = []
        for batch in waiting { append(batch) }
    }

    private mutating func force(_ release: String, _ call: Int, _ isOpen: Bool) {
        forcedCalls.append(isOpen)
        guard mood != .hangs, !losesForcedCalls else { return }
        let isTaken = mood == .honest
        if isTaken { isForced = isOpen }
        let receipt = RouterReceipt(instance: "lb1", outcome: isTaken ? .accepted : .rejected)
        send(.routerApplied(release: release, call: call, receipts: [receipt]))
    }

    private mutating func apply(_ release: String, _ call: Int, _ split: Split) {
        applied.append(split)
        if mood == .honest, split == .allBaseline { isForced = false }
        durableWhenApplied.append(journal.last?.sequence ?? 0)
        let outcome: RouterReceipt.Outcome
        switch isOnFallback ? fallbackMood : mood {
        case .hangs: return
        case .slow:
            slowCall = (release, call, split)
            return
        case .refuses, .readOnly: outcome = .rejected
        case .unreachable: outcome = .unreachable
        case .ignores: outcome = .accepted
        case .losesReplies:
            canaryBasisPoints = turned(split.canaryBasisPoints)
            return
        case .honest, .blind:
            canaryBasisPoints = turned(split.canaryBasisPoints)
            outcome = .accepted
        }
        send(
            .routerApplied(release: release, call: call, receipts: [RouterReceipt(instance: "lb1", outcome: outcome)]))
    }

    mutating func answerSlowCall() {
        guard let (release, call, split) = slowCall else { return }
        slowCall = nil
        canaryBasisPoints = turned(split.canaryBasisPoints)
        send(
            .routerApplied(
                release: release, call: call, receipts: [RouterReceipt(instance: "lb1", outcome: .accepted)]))
    }

    private mutating func observe(_ release: String, _ call: Int) {
        let mood = isOnFallback ? fallbackMood : mood
        if mood == .hangs || mood == .losesReplies { return }
        let observation = RouterObservation(
            instance: "lb1",
            canaryBasisPoints: mood == .blind || mood == .unreachable ? nil : turned(canaryBasisPoints),
            level: mood == .blind ? .none : .loaded, problem: KernelHarness.problem(mood),
            baselineHealthy: baselineHealthy, isWritable: mood == .readOnly ? false : nil)
        let unread = unreadInstances.map {
            RouterObservation(instance: $0, canaryBasisPoints: nil, level: .loaded, problem: "connection refused")
        }
        let others = otherShares.enumerated().map { index, share in
            RouterObservation(
                instance: "other\(index)", canaryBasisPoints: share, level: .loaded,
                problem: share == nil ? "connection refused" : nil)
        }
        send(.routerObserved(release: release, call: call, observations: [observation] + unread + others))
    }

    /// The share of the configured canary's side, and that of the canary of now, each made of the other.
    private func turned(_ basisPoints: Int) -> Int { isTurned ? 10_000 - basisPoints : basisPoints }

    private static func problem(_ mood: RouterMood) -> String? {
        switch mood {
        case .unreachable: "connection refused"
        case .readOnly: "the socket has level user"
        default: nil
        }
    }

    // MARK: What tests ask

    var unwrittenBatches: Int { unwritten.count }

    /// What the kernel has written, on the disk or on its way to it.
    var recorded: [JournalEntry] { journal + unwritten.flatMap(\.entries) }

    var snapshot: Snapshot { kernel.snapshot(at: now) }
    var release: ReleaseSnapshot { snapshot.releases[0] }
    var incidents: [Incident] { snapshot.incidents }
    var events: [Notification.Event] { deliveries.map(\.notification.event) }
    func count(_ event: Notification.Event) -> Int { events.count { $0 == event } }
}

extension Plan {
    /// One release, two baseline targets and one canary, a cycle each second; one silent cycle is a proof.
    static func example(
        rules: [RulePlan] = [.errorRate()], canaryVersion: String = "v2",
        proof: ProofPlan = ProofPlan(belowPerSecond: 3)
    ) -> Plan {
        let targets = ["a:1", "a:2"].map { TargetPlan(instance: $0, url: "http://\($0)/metrics") }
        return Plan(
            daemon: DaemonPlan(stateDirectory: "/nowhere"),
            receivers: [ReceiverPlan(name: "oncall", kind: .webhook, url: "http://hook")],
            releases: [
                ReleasePlan(
                    name: "checkout", scrape: ScrapePlan(intervalMs: 1_000, timeoutMs: 500),
                    baseline: PoolPlan(version: "v1", targets: targets),
                    canary: PoolPlan(
                        version: canaryVersion, targets: [TargetPlan(instance: "b:1", url: "http://b:1/metrics")]),
                    indicators: WatchList(
                        requests: SeriesSelector(metric: "requests_total"),
                        errors: SeriesSelector(metric: "errors_total")),
                    router: .sample("http://lb1"), proof: proof, rules: rules)
            ])
    }
}

extension RulePlan {
    /// `canary > 2 * baseline and canary > 1%`.
    static func errorRate(
        name: String = "CanaryErrorRate", condition: Condition? = nil, minRequests: Double = 10, forMs: Int64 = 0,
        keepFiringForMs: Int64 = 0, noData: NoDataPolicy = .hold, action: Action = .rollback
    ) -> RulePlan {
        let worse = Condition.and(
            .compare(.value(.canary), .greater, .combine(.number(2), .multiply, .value(.baseline))),
            .compare(.value(.canary), .greater, .number(0.01)))
        return RulePlan(
            group: "checkout", name: name, indicator: .errorRate, windowMs: 10_000, condition: condition ?? worse,
            conditionText: "canary > 2 * baseline and canary > 1%", minRequests: minRequests, forMs: forMs,
            keepFiringForMs: keepFiringForMs, noData: noData, action: action,
            labels: [TextPair("severity", "urgent")],
            annotations: [TextPair("summary", "{{ canary }} against {{ baseline }}, {{ $labels.severity }}")])
    }

    /// `canary > 5%`, which a sick baseline breaches as well.
    static func absoluteErrorRate() -> RulePlan {
        errorRate(condition: .compare(.value(.canary), .greater, .number(0.05)))
    }
}

extension RuleEvaluation {
    /// Of a threshold among prepared rules; a regression rule is judged by the engine.
    init(rule: PreparedRule, measure: RuleMeasure) {
        guard case .threshold(let threshold) = rule.test else { fatalError("not a threshold") }
        self.init(rule: threshold, measure: measure)
    }
}
