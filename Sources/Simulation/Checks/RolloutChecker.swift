import Model

/// The laws of a release that is led: no share without passed gates and a durable intent, nothing rises once a rollback is
/// intended, each step is passed once, every rollout ends once, and no latched version gets the place.
struct RolloutChecker {
    private struct Led {
        var id: String?
        /// The step in force, from 1.
        var step = 0
        var isPaused = false
        var isHalted = false
        /// The newest intent, as it was emitted: its sequence, and the share that it allows.
        var intended: (sequence: UInt64, basisPoints: Int)?
        /// The largest share that is in force or wanted.
        var grantedBasisPoints = 0
        /// The share from which the step that is under way began.
        var undoBasisPoints = 0
        var isGoingDown = false
        var approvals: [Int] = []
        var ended: Set<String> = []
        /// Versions that were rolled back and that no operator has rearmed, by the newest record of which version is where.
        var failed: [VersionIdentity] = []
    }

    private var led: [Led]

    init(releases: Int) { led = Array(repeating: Led(), count: releases) }

    /// A crash has lost what was not durable: what the disk has is read again.
    mutating func restarted(_ entries: [JournalEntry], names: [String]) {
        for index in led.indices { led[index] = Led() }
        for entry in entries {
            guard let index = names.firstIndex(of: entry.release) else { continue }
            _ = appended(entry, release: index)
        }
    }

    mutating func appended(_ entry: JournalEntry, release: Int) -> String? {
        if case .intended(let intent) = entry.event, !intent.isDryRun { led[release].isGoingDown = true }
        if case .deployment(let record) = entry.event { led[release].failed = record.failed }
        guard case .rollout(let id, let event) = entry.event else { return nil }
        // The way back may be lost long after the rollout that made it one.
        if case .wayBackLost = event { return nil }
        if led[release].ended.contains(id) { return "\(id) ended, and then: \(event.name)" }
        return take(event, id, entry, release)
    }

    private mutating func take(_ event: RolloutEvent, _ id: String, _ entry: JournalEntry, _ release: Int) -> String? {
        switch event {
        case .prepared(let record):
            if led[release].failed.contains(record.version) {
                return "\(id): \(record.version.text) gets the place although it is latched"
            }
        case .begun:
            let (ended, failed) = (led[release].ended, led[release].failed)
            led[release] = Led()
            (led[release].id, led[release].ended, led[release].failed) = (id, ended, failed)
        case .stepPassed(let step, let gates, let skipped, let by): return passed(step, gates, skipped, by, release)
        case .stepIntended(_, let from, let to):
            if led[release].isGoingDown { return "\(id): a share is intended although a rollback is" }
            (led[release].undoBasisPoints, led[release].grantedBasisPoints) = (from, to)
            led[release].intended = (entry.sequence, to)
        case .stepStanding(let step, let basisPoints, _):
            (led[release].step, led[release].grantedBasisPoints) = (step, basisPoints)
        case .stepUndone(_, let to, _): led[release].grantedBasisPoints = to
        case .paused: led[release].isPaused = true
        case .resumed: led[release].isPaused = false
        case .halted: led[release].isHalted = true
        case .unhalted: led[release].isHalted = false
        case .gateAnswered(let step, _, _, let reply):
            if reply.answer == .proceed { led[release].approvals.append(step) }
        case .ended:
            led[release].ended.insert(id)
            // One that waited in the queue ends beside the rollout that is under way.
            guard id == led[release].id else { break }
            led[release].intended = nil
            led[release].isGoingDown = false
            led[release].grantedBasisPoints = 0
        default: break
        }
        return nil
    }

    private mutating func passed(
        _ step: Int, _ gates: [GateResult], _ skipped: [String], _ by: String?, _ release: Int
    ) -> String? {
        if led[release].isGoingDown { return "step \(step) is passed although a rollback is intended" }
        if step != led[release].step { return "step \(step) is passed, and \(led[release].step) is in force" }
        // Until the next one is in force it is not passed again.
        led[release].step = -1
        if let closed = gates.first(where: { !$0.isOpen && !skipped.contains($0.gate) }), by == nil {
            return "step \(step) is passed, and \(closed.gate) is closed: \(closed.text)"
        }
        if by == nil, led[release].isPaused || led[release].isHalted { return "step \(step) is passed under a halt" }
        let needsApproval = gates.contains { $0.gate == "approval" && $0.isOpen }
        if needsApproval, by == nil, !led[release].approvals.contains(step) {
            return "step \(step) is passed with the approval of another"
        }
        return nil
    }

    /// An order that names a step passes that step or none.
    static func ordered(_ command: RolloutCommand, _ batch: JournalBatch) -> String? {
        guard case .promote(let order) = command, !order.endsBake else { return nil }
        for entry in batch.entries {
            guard case .rollout(let id, .stepPassed(let step, _, _, _)) = entry.event, step != order.step else {
                continue
            }
            return "\(id): the order means step \(order.step), and step \(step) is passed"
        }
        return nil
    }

    /// At rest no instance gives more than the gates allow, whoever set it.
    func finished(_ snapshot: Snapshot, _ releases: [VirtualRelease]) -> String? {
        for index in releases.indices where releases[index].isLed && led[index].intended != nil {
            let isOpen = snapshot.incidents.contains { $0.isOpen && $0.release == releases[index].name }
            let (share, granted) = (releases[index].largestShare, led[index].grantedBasisPoints)
            if !isOpen, share > granted {
                return "\(releases[index].name) has \(share) bp, and the gates allow \(granted)"
            }
        }
        return nil
    }

    /// The daemon sets a share outside of a rollback.
    func applies(release: Int, split: Split, durable: [JournalEntry], name: String) -> String? {
        let wanted = split.canaryBasisPoints
        if wanted == 0 { return nil }
        if led[release].isGoingDown { return "\(name): \(wanted) bp are set although a rollback is intended" }
        if wanted > led[release].grantedBasisPoints {
            return "\(name): \(wanted) bp are set, and the gates allow \(led[release].grantedBasisPoints)"
        }
        guard let intended = led[release].intended, wanted == intended.basisPoints else { return nil }
        let isDurable = durable.contains { $0.sequence == intended.sequence }
        return isDurable ? nil : "\(name): \(wanted) bp are set, and entry \(intended.sequence) is not on the disk"
    }
}
