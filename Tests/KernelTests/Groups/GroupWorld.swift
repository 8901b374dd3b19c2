import Model
import Telemetry

@testable import Kernel

/// Daemons with releases of one group; each has a disk and routers. Effects are carried out in their order, as the daemon
/// does. Everything is exact and nothing waits.
struct GroupWorld {
    /// What a release serves, and what its router shows.
    struct Service {
        var share = 1_000
        var canaryErrors = 0.0
        var isBaselineUp = true
        /// Takes no change and cannot be read.
        var isRouterDead = false
    }

    /// How another daemon is reached.
    enum Reach {
        case works
        /// Refuses connections.
        case down
        /// Takes the call and never answers.
        case silent
        /// Does what it is asked, and the answer is lost.
        case losesAnswers
    }

    struct Daemon {
        let url: String
        var plan: Plan
        var kernel: Kernel
        var services: [String: Service]
        var journal: [JournalEntry] = []
        var batches: [[JournalEntry]] = []
        var unwritten: [JournalBatch] = []
        var isDiskWorking = true
        var deliveries: [Delivery] = []
        var logs: [String] = []
        var reach = Reach.works
        /// The process is killed when so many batches are on its disk.
        var crashAfterBatch: Int?
        /// For how long it is down then.
        var crashMs: Int64 = 2_000
    }

    private enum Work {
        case effect(Effect, daemon: Int)
        /// Another daemon's answer, on its way back.
        case answer(Input, daemon: Int)
    }

    static let eu = "https://eu.example:9464"
    var now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000)
    var daemons: [Daemon] = []
    /// What was written, and what routers were asked, in order: `intended checkout`, `router cart 0`.
    private(set) var trace: [String] = []
    /// When a router was called first, by release.
    private(set) var calledAt: [String: Int64] = [:]
    private(set) var acknowledgedAt: [String: Int64] = [:]
    /// Orders that went to another daemon.
    private(set) var orders: [GroupOrder] = []
    private var works: [Work] = []
    private var isWorking = false

    /// One daemon with three releases.
    init(onRefusal: GroupPlan.Refusal = .goWithout, _ change: (inout Plan) -> Void = { _ in }) {
        var plan = GroupWorld.plan(["checkout", "cart", "payment"])
        plan.groups = [
            GroupPlan(
                name: "shop", members: ["checkout", "cart", "payment"].map { GroupMember(release: $0) },
                onRefusal: onRefusal)
        ]
        change(&plan)
        add(plan, url: "https://us.example:9464")
    }

    /// `checkout` here and `cart` on another daemon, each of which has the group.
    static func regions(onRefusal: GroupPlan.Refusal = .goWithout) -> GroupWorld {
        let (us, eu) = (PeerDaemon(url: "https://us.example:9464"), PeerDaemon(url: GroupWorld.eu))
        var world = GroupWorld { plan in
            plan.releases = [plan.releases[0]]
            plan.groups = [
                GroupPlan(
                    name: "shop",
                    members: [GroupMember(release: "checkout"), GroupMember(release: "cart", daemon: eu)],
                    onRefusal: onRefusal)
            ]
        }
        var other = GroupWorld.plan(["cart"])
        other.groups = [
            GroupPlan(
                name: "shop", members: [GroupMember(release: "checkout", daemon: us), GroupMember(release: "cart")])
        ]
        world.add(other, url: GroupWorld.eu)
        return world
    }

    private static func plan(_ names: [String]) -> Plan {
        var plan = Plan.example()
        let one = plan.releases[0]
        plan.releases = names.map { name in
            var release = one
            release.name = name
            return release
        }
        return plan
    }

    private mutating func add(_ plan: Plan, url: String) {
        let services = Dictionary(uniqueKeysWithValues: plan.releases.map { ($0.name, Service()) })
        daemons.append(
            Daemon(
                url: url, plan: plan, kernel: Kernel(plan: plan, journalIdentity: url, seed: 7, at: now),
                services: services))
        send(.tick, to: daemons.count - 1)
    }

    // MARK: What happens

    mutating func send(_ input: Input, to daemon: Int = 0) {
        let effects = daemons[daemon].kernel.step(input, at: now)
        carryOut(effects, of: daemon)
    }

    mutating func command(_ command: Command, daemon: Int = 0) -> CommandResult {
        let (result, effects) = daemons[daemon].kernel.command(command, by: "ada", reason: "because", at: now)
        carryOut(effects, of: daemon)
        return result
    }

    mutating func answer(_ order: GroupOrder, daemon: Int) -> GroupAnswer {
        let (answer, _, effects) = daemons[daemon].kernel.answer(order, at: now)
        carryOut(effects, of: daemon)
        return answer
    }

    mutating func reload(daemon: Int = 0, _ change: (inout Plan) -> Void) {
        change(&daemons[daemon].plan)
        send(.reload(daemons[daemon].plan), to: daemon)
    }

    /// What is on the disk is all that is left.
    mutating func restart(_ daemon: Int = 0, downMs: Int64 = 2_000) {
        works.removeAll { work in
            switch work {
            case .effect(_, let one), .answer(_, let one): one == daemon
            }
        }
        daemons[daemon].unwritten = []
        now.uptimeMs += downMs
        now.wallMs += downMs
        daemons[daemon].kernel = Kernel(
            plan: daemons[daemon].plan, replaying: daemons[daemon].journal, journalIdentity: daemons[daemon].url,
            seed: 8, at: now)
        send(.tick, to: daemon)
    }

    mutating func healDisk(_ daemon: Int = 0) {
        daemons[daemon].isDiskWorking = true
        let waiting = daemons[daemon].unwritten
        daemons[daemon].unwritten = []
        for batch in waiting { write(batch, daemon) }
        work()
    }

    mutating func pass(ms: Int64) {
        let end = now.uptimeMs + ms
        while let wake = daemons.compactMap(\.kernel.nextWakeUptimeMs).min(), wake <= end {
            let next = max(wake, now.uptimeMs + 1)
            if next > end { break }
            now.wallMs += next - now.uptimeMs
            now.uptimeMs = next
            for one in daemons.indices where (daemons[one].kernel.nextWakeUptimeMs ?? .max) <= next {
                send(.tick, to: one)
            }
        }
        guard end > now.uptimeMs else { return }
        now.wallMs += end - now.uptimeMs
        now.uptimeMs = end
    }

    /// One scrape cycle of every release.
    mutating func cycle(_ count: Int = 1) {
        for _ in 0..<count {
            pass(ms: 1_000)
            for daemon in daemons.indices {
                for release in daemons[daemon].plan.releases { report(release, daemon) }
            }
        }
    }

    /// Everything is watched, and then the canary of `checkout` fails.
    mutating func fail(_ release: String = "checkout", daemon: Int = 0) {
        cycle(4)
        daemons[daemon].services[release]?.canaryErrors = 40
    }

    private mutating func report(_ release: ReleasePlan, _ daemon: Int) {
        guard let service = daemons[daemon].services[release.name] else { return }
        let share = Double(service.share) / 10_000
        for pool in Pool.allCases {
            let weight = pool == .canary ? share : 1 - share
            for (index, target) in release.pool(pool).targets.enumerated() {
                let reading = TargetReading(
                    requests: 100 * weight, errors: pool == .canary ? service.canaryErrors * weight : 0,
                    matches: .init(requests: 1, errors: 1), samples: 10, coveredSeconds: 1)
                let isUp = pool == .canary || service.isBaselineUp
                send(
                    .scraped(
                        ScrapeReport(
                            release: release.name, pool: pool, target: index, instance: target.instance,
                            outcome: isUp ? .success(reading, warnings: []) : .failure("refused"), isUnreachable: !isUp)
                    ),
                    to: daemon)
            }
        }
        send(.cycleEnded(release: release.name), to: daemon)
    }

    // MARK: Effects

    private mutating func carryOut(_ effects: [Effect], of daemon: Int) {
        works += effects.map { .effect($0, daemon: daemon) }
        work()
    }

    private mutating func work() {
        guard !isWorking else { return }
        isWorking = true
        while !works.isEmpty {
            switch works.removeFirst() {
            case .effect(let effect, let daemon): carryOut(effect, daemon)
            case .answer(let input, let daemon): send(input, to: daemon)
            }
        }
        isWorking = false
    }

    private mutating func carryOut(_ effect: Effect, _ daemon: Int) {
        switch effect {
        case .append(let batch): write(batch, daemon)
        case .applySplit(let release, let call, let split, _, _): apply(release, call, split, daemon)
        case .observeSplit(let release, let call, _, _): observe(release, call, daemon)
        case .askCompanion(let call): ask(call, of: daemon)
        case .log(let line): daemons[daemon].logs.append(line.text)
        case .forceRoute, .showPlannedCalls, .aim, .poolsChanged, .askGate, .publish, .announceRollback, .measure,
            .shareOperators,
            .runStep, .checkStep, .readSchema:
            break
        }
    }

    private mutating func write(_ batch: JournalBatch, _ daemon: Int) {
        guard daemons[daemon].isDiskWorking else {
            daemons[daemon].unwritten.append(batch)
            return send(.journalFailing(reason: "no space left"), to: daemon)
        }
        daemons[daemon].journal += batch.entries
        daemons[daemon].batches.append(batch.entries)
        daemons[daemon].deliveries += batch.deliveries
        for entry in batch.entries {
            trace.append("\(entry.event.name) \(entry.release)")
            if entry.event == .acknowledged { acknowledgedAt[entry.release] = now.uptimeMs }
        }
        if daemons[daemon].crashAfterBatch == daemons[daemon].batches.count {
            return restart(daemon, downMs: daemons[daemon].crashMs)
        }
        works.append(.answer(.journalDurable(through: batch.entries.last?.sequence ?? 0), daemon: daemon))
    }

    private mutating func apply(_ release: String, _ call: Int, _ split: Split, _ daemon: Int) {
        trace.append("router \(release) \(split.canaryBasisPoints)")
        if calledAt[release] == nil { calledAt[release] = now.uptimeMs }
        let isDead = daemons[daemon].services[release]?.isRouterDead == true
        if !isDead { daemons[daemon].services[release]?.share = split.canaryBasisPoints }
        let receipt = RouterReceipt(instance: "lb1", outcome: isDead ? .unreachable : .accepted)
        works.append(.answer(.routerApplied(release: release, call: call, receipts: [receipt]), daemon: daemon))
    }

    private mutating func observe(_ release: String, _ call: Int, _ daemon: Int) {
        let service = daemons[daemon].services[release] ?? Service()
        let observation = RouterObservation(
            instance: "lb1", canaryBasisPoints: service.isRouterDead ? nil : service.share, level: .loaded,
            problem: service.isRouterDead ? "connection refused" : nil)
        works.append(
            .answer(.routerObserved(release: release, call: call, observations: [observation]), daemon: daemon))
    }

    private mutating func ask(_ call: GroupCall, of daemon: Int) {
        orders.append(call.order)
        guard let other = daemons.firstIndex(where: { $0.url == call.daemon.url }) else { return }
        func reply(_ answer: GroupAnswer) {
            works.append(
                .answer(.companionAnswered(release: call.release, call: call.number, answer), daemon: daemon))
        }
        switch daemons[other].reach {
        case .down: reply(.unknown(reason: "its daemon cannot be reached: connection refused"))
        case .silent: break
        case .losesAnswers: _ = answer(call.order, daemon: other)
        case .works: reply(answer(call.order, daemon: other))
        }
    }

    // MARK: What tests ask

    func incidents(of release: String, daemon: Int = 0) -> [Incident] {
        daemons[daemon].kernel.snapshot(at: now).incidents.filter { $0.release == release }
    }

    func share(_ release: String, daemon: Int = 0) -> Int { daemons[daemon].services[release]?.share ?? -1 }

    var group: GroupRun? { incidents(of: "checkout").first?.group }

    func notices(_ event: Notification.Event, daemon: Int = 0) -> [Notification] {
        daemons[daemon].deliveries.map(\.notification).filter { $0.event == event }
    }

    func count(_ text: String) -> Int { trace.count { $0 == text } }

    func place(_ text: String) -> Int { trace.firstIndex(of: text) ?? .max }
}
