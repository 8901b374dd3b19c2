import Daemon
import Kernel
import Model

/// What the world sees of the kernel: every step, before anything follows from it.
struct KernelObserver {
    let bug: PlantedBug?
    let timeline: Timeline
    let fleet: Fleet
    let links: Links
    let process: DaemonProcess
    let feed: CheckFeed
    let checks: Checkers
    let pipeline: Pipeline
    /// Nil without a configuration centre.
    let centreLaw: CentreLaw?

    func stepped(_ cause: DaemonProbe.Cause, _ effects: [Effect], _ kernel: Kernel, _ now: Moment) {
        switch cause {
        case .input(.reload(let plan)):
            feed.take(plan)
            centreLaw?.reloads(plan, kernel.snapshot(at: now).releases)
            fleet.watch(kernel.effectivePlan)
        case .input(.scraped(let report)): sawReport(report)
        case .input(.cycleEnded(let release)): timeline.note("\(release): cycle ends")
        case .command(let command, let result): timeline.note("operator: \(command) -> \(result)")
        case .order(let command, let answer):
            timeline.note("order: \(command) -> \(answer.text)")
            for case .append(let batch) in effects { checks.ordered(command, batch) }
            pipeline.answered(command, answer)
        case .groupOrder(let order, let answer): timeline.note("\(order.kind.rawValue) \(order.release) -> \(answer)")
        case .input: break
        }
        if let laws = checks.replicas {
            let entries = effects.flatMap { effect in
                if case .append(let batch) = effect { batch.entries } else { [JournalEntry]() }
            }
            let input = if case .input(let input) = cause { input } else { Input.tick }
            laws.stepped(process.machine, input, entries)
        }
        for effect in effects { saw(effect, kernel, now) }
        if case .input(.cycleEnded(let name)) = cause, let release = fleet.index(of: name) {
            process.life?.isCycleOver[release] = true
            let snapshot = kernel.snapshot(at: now)
            feed.cycleEnded(release, snapshot)
            if let shown = snapshot.releases.first(where: { $0.name == name }) { centreLaw?.cycleEnded(shown) }
        }
        if case .command = cause, process.life?.diesAfterCommand == true {
            process.kill("a crash that loses an operator's answer")
        }
    }

    private func turn(_ release: Int, _ isTurned: Bool) {
        guard fleet.releases[release].isTurned != isTurned else { return }
        fleet.releases[release].turnRoles(atMs: timeline.nowMs)
        checks.turned(release: release)
    }

    /// A daemon that starts has the roles that its journal says.
    func began(_ snapshot: Snapshot) {
        for shown in snapshot.releases {
            guard let index = fleet.index(of: shown.name), let rollout = shown.rollout else { continue }
            turn(index, rollout.deployment.isTurned)
        }
    }

    private func sawReport(_ report: ScrapeReport) {
        guard let release = fleet.index(of: report.release) else { return }
        if case .failure(let reason) = report.outcome { timeline.note("scrape: \(report.instance): \(reason)") }
        checks.scraped(report, release: release)
    }

    private func saw(_ effect: Effect, _ kernel: Kernel, _ now: Moment) {
        switch effect {
        case .append(let batch): emitted(batch)
        case .applySplit(let release, let call, let split, _, _):
            timeline.note("\(release): apply \(split.canaryBasisPoints) bp, call \(call)")
            guard let index = fleet.index(of: release) else { return }
            process.life?.openIncidents[index] = feed.incidentInWork(index, kernel.snapshot(at: now))
        case .observeSplit(let release, let call, _, _): timeline.note("\(release): observe, call \(call)")
        case .showPlannedCalls(let release, _): timeline.note("\(release): dry run")
        case .forceRoute(let release, let call, let isOpen, _):
            timeline.note("\(release): \(isOpen ? "open" : "close") the route for test users, call \(call)")
        case .aim(let release, let isTurned):
            timeline.note("\(release): \(isTurned ? "turned" : "as configured")")
            if let index = fleet.index(of: release) { turn(index, isTurned) }
        case .poolsChanged(let release):
            timeline.note("\(release): other targets")
            fleet.watch(kernel.effectivePlan)
            feed.watches(kernel.effectivePlan, release: release)
        // The simulated daemon is alone.
        case .publish, .announceRollback, .shareOperators: break
        case .askGate(let question): timeline.note("ask gate \(question.id)")
        case .runStep(let call): timeline.note("\(call.release): step \(call.step.name), call \(call.number)")
        case .checkStep(let call): timeline.note("\(call.release): check \(call.step.name), call \(call.number)")
        case .askCompanion(let call):
            timeline.note("\(call.release): \(call.order.kind.rawValue) \(call.order.release), call \(call.number)")
        case .readSchema(let release, let call, _): timeline.note("\(release): read the schema, call \(call)")
        case .log: break
        case .measure(let measurement): feed.measured(measurement)
        }
    }

    /// A batch is on its way to the disk.
    private func emitted(_ batch: JournalBatch) {
        for entry in batch.entries {
            timeline.note("append \(entry.sequence) \(entry.release): \(entry.event.name): \(entry.event.text)")
        }
        feed.appended(batch)
        process.life?.unwritten.append(batch)
        if bug == .deliverBeforeDurable { deliverAtOnce(batch.deliveries) }
        if bug == .actBeforeDurable { actAtOnce(batch) }
    }

    private func actAtOnce(_ batch: JournalBatch) {
        guard let life = process.life?.number else { return }
        for entry in batch.entries {
            guard case .intended = entry.event, let index = fleet.index(of: entry.release) else { continue }
            timeline.note("\(entry.release): apply, before the intent is durable")
            feed.applies(index, .allBaseline, life: life, timeoutMs: 1_000)
        }
    }

    private func deliverAtOnce(_ deliveries: [Delivery]) {
        for delivery in deliveries {
            guard let life = process.life?.number,
                let receiver = fleet.receivers.firstIndex(where: { $0.name == delivery.receiver })
            else { continue }
            let posting = Posting(
                wait: -1, life: life, receiver: receiver, delivery: delivery, unsaved: nil, timeoutMs: 2_000)
            timeline.after(links.delayMs / 2, .notification(posting))
        }
    }
}
