import Model

/// Who gives orders to led releases: the CI that begins rollouts, and people who pause, approve, promote and abort.
///
/// Used on the world's thread alone.
final class Pipeline: @unchecked Sendable {
    private let timeline: Timeline
    private let fleet: Fleet
    /// Of the daemons that orders go to.
    private var processes: [DaemonProcess] = []
    private var leases: LeaseWorld?
    /// Of the orders alone, so that they do not change what else is drawn.
    private var dice: Dice
    private var orders = 0

    init(seed: UInt64, timeline: Timeline, fleet: Fleet) {
        self.timeline = timeline
        self.fleet = fleet
        dice = Dice(seed: seed ^ 0x0051_EAD5)
    }

    func serve(_ processes: [DaemonProcess], _ leases: LeaseWorld) {
        (self.processes, self.leases) = (processes, leases)
    }

    /// Which daemon gets an order: most of the time the one that leads.
    private var process: DaemonProcess {
        let running = processes.filter { timeline.nowMs >= $0.stoppedUntilMs }
        guard processes.count > 1, !running.isEmpty else { return processes[0] }
        let leader = leases?.records.leadingMachine
        if dice.chance(percent: 80), let known = running.first(where: { $0.machine == leader }) { return known }
        return dice.pick(running)
    }

    /// The next order, and when the one after it comes.
    func order(_ release: Int) {
        guard fleet.releases[release].isQuick else {
            send(next(release), release)
            return timeline.after(dice.ms(2_000...40_000), .order(release: release))
        }
        attend(release)
        timeline.after(dice.ms(1_000...10_000), .order(release: release))
    }

    /// Most of the time CI begins the newest version; the rest is people.
    private func next(_ release: Int) -> RolloutCommand {
        if timeline.isHealed { return .resume(acceptsBaseline: true) }
        switch dice.int(0...19) {
        case 0...7: return .begin(PrepareOrder(version: version(release)))
        case 8: return .pause(forMs: dice.chance(percent: 50) ? dice.ms(1_000...60_000) : nil)
        case 9...11: return .resume(acceptsBaseline: dice.chance(percent: 50))
        case 12, 13: return .approve(step: dice.int(1...4))
        case 14, 15:
            return .promote(PromoteOrder(step: dice.int(1...4), skip: ["min", "requests", "evidence", "rules"]))
        case 16: return .abort
        case 17: return .freeze(untilWallMs: timeline.wallMs + dice.ms(5_000...60_000))
        case 18: return .unfreeze
        default: return .prepare(PrepareOrder(version: version(release), onBusy: dice.pick([.queue, .supersede])))
        }
    }

    /// A version that failed is followed by its fix.
    private func version(_ release: Int) -> VersionIdentity {
        // The parts of a unit have one version.
        let first = fleet.plan.releases.contains { $0.part != nil } ? 0 : release
        if dice.chance(percent: fleet.releases[first].isQuick ? 70 : 20) { fleet.releases[first].fixes += 1 }
        return VersionIdentity("v2.0.\(fleet.releases[first].fixes)")
    }

    // MARK: A release whose operators watch it

    /// They know what the daemon shows, and answer what it asks for. Some send the same order twice, or one that is too late.
    private func attend(_ release: Int) {
        guard let snapshot = process.snapshot() else { return }
        let name = orderName(release)
        let own = snapshot.releases.first { $0.name == fleet.releases[release].name }?.rollout
        let shown = snapshot.units.first { $0.name == name }?.rollout ?? own
        guard let running = shown?.running else {
            if !timeline.isHealed { send(.begin(PrepareOrder(version: version(release))), release) }
            return
        }
        for command in commands(running, release) { send(command, release) }
    }

    private func commands(_ running: Rollout, _ release: Int) -> [RolloutCommand] {
        if timeline.isHealed { return [.resume(acceptsBaseline: true), .approve(step: running.step)] }
        let promote = RolloutCommand.promote(
            PromoteOrder(step: running.step, skip: ["settle", "min", "approval", "capacity"]))
        switch running.state {
        case .prepared: return [.begin(PrepareOrder(version: running.version))]
        case .rollingBack: return dice.chance(percent: 50) ? [promote] : [.approve(step: running.step)]
        case .standing: return commandsAtStep(running, promote, release)
        case .baking: return dice.chance(percent: 10) ? [.abort] : [.resume(acceptsBaseline: true)]
        case .queued, .checking, .moving, .ended: return dice.chance(percent: 50) ? [promote] : [next(release)]
        }
    }

    private func commandsAtStep(
        _ running: Rollout, _ promote: RolloutCommand, _ release: Int
    ) -> [RolloutCommand] {
        switch dice.int(0...11) {
        case 0...5: [.approve(step: running.step)]
        case 6: [promote, promote]
        case 7: [.approve(step: max(1, running.step + dice.pick([-1, 1])))]
        case 8: [.promote(PromoteOrder(step: max(1, running.step + dice.pick([-1, 1])), skip: ["min", "approval"]))]
        case 9: [.begin(PrepareOrder(version: version(release), onBusy: dice.pick([.queue, .supersede])))]
        case 10: [.pause(forMs: dice.ms(1_000...10_000))]
        default: [.resume(acceptsBaseline: true)]
        }
    }

    private func orderName(_ release: Int) -> String {
        fleet.releases[release].lastPlan?.orderName ?? fleet.releases[release].name
    }

    /// The daemon has taken an order: where a rollout begins, its version was deployed just before.
    func answered(_ command: RolloutCommand, _ answer: RolloutAnswer) {
        guard case .begin(let order) = command, answer.outcome == .accepted, let id = answer.rollout else { return }
        for index in fleet.releases.indices
        where fleet.releases[index].isQuick && id.hasPrefix("\(orderName(index))-r") {
            var sickness = VirtualRelease.sickness(dice: &dice, percent: 45, afterMs: timeline.nowMs)
            if sickness.beganMs != nil, dice.chance(percent: 60) {
                sickness.beganMs = timeline.nowMs + dice.ms(0...40_000)
            }
            fleet.releases[index].deploy(order.version.text, sickness, atMs: timeline.nowMs)
            timeline.note(
                "\(fleet.releases[index].name): \(order.version.text) is deployed, sick from \(sickness.beganMs ?? -1)")
        }
    }

    // MARK: Sending

    private func send(_ command: RolloutCommand, _ release: Int) {
        orders += 1
        let context = OrderContext(
            by: dice.pick(["ci", "ada", "bob"]), reason: "drawn", key: dice.chance(percent: 30) ? "key\(orders)" : nil,
            body: "\(command)")
        let name = orderName(release)
        process.ask { requests in _ = await requests.order(command, release: name, context) }
    }
}
