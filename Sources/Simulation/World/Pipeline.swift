import Model

/// Who gives orders to led releases: the CI that begins rollouts, and people who pause, approve, promote and abort.
///
/// Used on the world's thread alone.
final class Pipeline: @unchecked Sendable {
    private let timeline: Timeline
    private let fleet: Fleet
    private let process: DaemonProcess
    /// Of the orders alone, so that they do not change what else is drawn.
    private var dice: Dice
    private var orders = 0

    init(seed: UInt64, timeline: Timeline, fleet: Fleet, process: DaemonProcess) {
        self.timeline = timeline
        self.fleet = fleet
        self.process = process
        dice = Dice(seed: seed ^ 0x0051_EAD5)
    }

    /// The next order, and when the one after it comes.
    func order(_ release: Int) {
        send(next(release), release)
        timeline.after(dice.ms(2_000...40_000), .order(release: release))
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
        if dice.chance(percent: 20) { fleet.releases[first].fixes += 1 }
        return VersionIdentity("v2.0.\(fleet.releases[first].fixes)")
    }

    private func send(_ command: RolloutCommand, _ release: Int) {
        orders += 1
        let context = OrderContext(
            by: dice.pick(["ci", "ada", "bob"]), reason: "drawn", key: dice.chance(percent: 30) ? "key\(orders)" : nil,
            body: "\(command)")
        let name = fleet.releases[release].lastPlan?.orderName ?? fleet.releases[release].name
        process.ask { requests in _ = await requests.order(command, release: name, context) }
    }
}
