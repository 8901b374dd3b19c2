import Daemon
import Kernel
import Model

/// What the world sees of the kernel: every step, before anything follows from it.
extension VirtualWorld {
    func stepped(_ cause: DaemonProbe.Cause, _ effects: [Effect], _ kernel: Kernel, _ now: Moment) {
        switch cause {
        case .input(.reload(let plan)): take(plan)
        case .input(.scraped(let report)): sawReport(report)
        case .input(.cycleEnded(let release)): note("\(release): cycle ends")
        case .command(let command, let result): note("operator: \(command) -> \(result)")
        case .input: break
        }
        for effect in effects { saw(effect, kernel, now) }
        if case .input(.cycleEnded(let name)) = cause, let release = releaseIndex(name) {
            daemon?.isCycleOver[release] = true
            checkCycle(release, kernel.snapshot(at: now))
        }
        if case .command = cause, daemon?.diesAfterCommand == true { kill("a crash that loses an operator's answer") }
    }

    private func sawReport(_ report: ScrapeReport) {
        guard let release = releaseIndex(report.release) else { return }
        if case .failure(let reason) = report.outcome { note("scrape: \(report.instance): \(reason)") }
        checks.scraped(report, release: release)
    }

    private func saw(_ effect: Effect, _ kernel: Kernel, _ now: Moment) {
        switch effect {
        case .append(let batch): emitted(batch)
        case .applySplit(let release, let call, let split, _, _):
            note("\(release): apply \(split.canaryBasisPoints) bp, call \(call)")
            guard let index = releaseIndex(release) else { return }
            daemon?.openIncidents[index] = incidentInWork(index, kernel.snapshot(at: now))
        case .observeSplit(let release, let call, _, _): note("\(release): observe, call \(call)")
        case .showPlannedCalls(let release, _): note("\(release): dry run")
        case .log: break
        case .measure(let measurement): checkMeasurement(measurement)
        }
    }

    /// A batch is on its way to the disk.
    private func emitted(_ batch: JournalBatch) {
        for entry in batch.entries {
            note("append \(entry.sequence) \(entry.release): \(entry.event.name): \(entry.event.text)")
        }
        checkAppend(batch)
        daemon?.unwritten.append(batch)
        if bug == .deliverBeforeDurable { deliverAtOnce(batch.deliveries) }
        if bug == .actBeforeDurable { actAtOnce(batch) }
    }

    private func actAtOnce(_ batch: JournalBatch) {
        guard let life = daemon?.number else { return }
        for entry in batch.entries {
            guard case .intended = entry.event, let index = releaseIndex(entry.release) else { continue }
            note("\(entry.release): apply, before the intent is durable")
            checkApply(index, .allBaseline, life: life)
        }
    }

    private func deliverAtOnce(_ deliveries: [Delivery]) {
        for delivery in deliveries {
            guard let life = daemon?.number,
                let receiver = receivers.firstIndex(where: { $0.name == delivery.receiver })
            else { continue }
            let posting = Posting(
                wait: -1, life: life, receiver: receiver, delivery: delivery, unsaved: nil, timeoutMs: 2_000)
            after(delayMs / 2, .notification(posting))
        }
    }

    func releaseIndex(_ name: String) -> Int? { releases.firstIndex { $0.name == name } }
}
