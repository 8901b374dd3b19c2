import Model

/// The operators: they give commands, and react to a rollback that is held at a step.
///
/// Used on the world's thread alone.
final class Operators: @unchecked Sendable {
    private let swarm: Swarm
    private let timeline: Timeline
    private let fleet: Fleet
    private let process: DaemonProcess
    /// An operator's answer was lost in a crash.
    private var hasLostAnAnswer = false

    init(swarm: Swarm, timeline: Timeline, fleet: Fleet, process: DaemonProcess) {
        self.swarm = swarm
        self.timeline = timeline
        self.fleet = fleet
        self.process = process
    }

    /// An operator sends a command that nothing asked for.
    func operate(_ release: Int) {
        timeline.after(0, .command(release: release, isRollback: timeline.dice.chance(percent: 40)))
    }

    /// An operator's command arrives.
    func command(_ release: Int, isRollback: Bool) {
        let name = fleet.releases[release].name
        process.ask { requests in
            _ =
                isRollback
                ? await requests.rollback(
                    release: name, toVersion: nil, evenContracted: false, by: "ada", reason: "drawn")
                : await requests.rearm(release: name, abandonPlan: false, by: "ada", reason: "drawn")
        }
    }

    /// A rollback that waits at a step needs an operator, who takes a while.
    func isNotified(of entry: JournalEntry) {
        if case .procedure(let event) = entry.event { return isNotified(of: event, entry) }
        guard case .draining(let record) = entry.event, record.isHeld, let index = fleet.index(of: entry.release) else {
            return
        }
        timeline.after(40_000, .operatorReacts(release: index))
    }

    /// A plan that waits for an operator gets its answer, most of the time.
    private func isNotified(of event: ProcedureEvent, _ entry: JournalEntry) {
        guard let incident = entry.incident, let order = Operators.order(about: event, entry.sequence) else { return }
        timeline.after(20_000, .planOrder(incident: incident, order))
    }

    /// Decided by the entry's number, so that nothing else that is drawn changes.
    private static func order(about event: ProcedureEvent, _ sequence: UInt64) -> ProcedureOrder? {
        switch event {
        case .waiting(let step): sequence % 5 == 0 ? nil : .done(step: step)
        case .unknown(let step, _), .failed(let step, _, .page):
            [.done(step: step), .skip(step: step), .retry(step: step), .abandon, nil][Int(sequence % 5)]
        default: nil
        }
    }

    func orderPlan(of incident: String, _ order: ProcedureOrder) {
        process.ask { requests in
            _ = await requests.orderPlan(incident: incident, order, by: "ada", reason: "drawn")
        }
    }

    /// The operator on call takes the rest out, if it is still held.
    func react(toReportOf release: Int) {
        guard timeline.nowMs >= process.stoppedUntilMs, let snapshot = process.snapshot() else {
            return timeline.after(20_000, .operatorReacts(release: release))
        }
        let name = fleet.releases[release].name
        let open = snapshot.incidents.first { $0.release == name && $0.isOpen }
        let step = open?.timeline.last { $0.step == "draining" }
        guard step?.detail.contains("stops there") == true else { return }
        // Nothing of the answer is on the disk then: the next life has to ask again.
        if swarm.losesAnAnswer, !hasLostAnAnswer, !timeline.isHealed {
            hasLostAnAnswer = true
            process.life?.diesAfterCommand = true
        }
        command(release, isRollback: true)
    }
}
