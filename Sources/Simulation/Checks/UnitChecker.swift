import Model

/// The laws of several services in one rollout: after the intent to roll one of them back no part rises, what they do together is
/// one batch, and at rest they agree.
struct UnitChecker {
    /// The parts of which a rollback is intended, each with the rollout that it belongs to.
    private var falling: [String: String] = [:]
    /// The rollout that is under way, by part.
    private var rollouts: [String: String] = [:]
    private var units: [String: String] = [:]

    /// A crash has lost what was not durable: what the disk has is read again.
    mutating func restarted(_ entries: [JournalEntry]) {
        (falling, rollouts) = ([:], [:])
        for entry in entries { take(entry) }
    }

    mutating func appended(_ entry: JournalEntry, _ plan: ReleasePlan) -> String? {
        guard let part = plan.part else { return nil }
        units[entry.release] = part.unit
        if case .rollout(let id, .stepIntended(let step, let from, let to)) = entry.event, to > from,
            let other = falling.first(where: { $0.value == id })
        {
            return "\(entry.release): step \(step) is intended although \(other.key) is rolled back"
        }
        take(entry)
        return nil
    }

    private mutating func take(_ entry: JournalEntry) {
        switch entry.event {
        case .intended(let intent): if !intent.isDryRun { falling[entry.release] = rollouts[entry.release] }
        case .rollout(let id, .begun): rollouts[entry.release] = id
        case .rollout(_, .ended): (rollouts[entry.release], falling[entry.release]) = (nil, nil)
        default: break
        }
    }

    /// A share is set outside of a rollback.
    func applies(_ split: Split, _ name: String) -> String? {
        guard split.canaryBasisPoints > 0, let unit = units[name], let id = rollouts[name] else { return nil }
        let other = falling.first { units[$0.key] == unit && $0.value == id }
        return other.map { "\(name): \(split.canaryBasisPoints) bp are set although \($0.key) is rolled back" }
    }

    static func finished(_ snapshot: Snapshot, _ releases: [VirtualRelease]) -> String? {
        for unit in snapshot.units where !snapshot.isDryRun {
            let running = unit.parts.map { $0.rollout.running }
            let ids = Set(running.map { $0?.id ?? "none" })
            if ids.count > 1 { return "the parts of \(unit.name) have the rollouts \(ids.sorted())" }
            let steps = Set(running.compactMap { $0?.step })
            if steps.count > 1 { return "the parts of \(unit.name) are at the steps \(steps.sorted())" }
            if let detail = shares(unit, running.compactMap { $0 }, releases) { return detail }
        }
        return nil
    }

    /// Where another client has lowered a share it is left so until `resume`.
    private static func shares(_ unit: UnitSnapshot, _ running: [Rollout], _ releases: [VirtualRelease]) -> String? {
        guard running.allSatisfy({ $0.state == .standing && !$0.isHalted(.hand) }), !running.isEmpty else { return nil }
        let shares = unit.parts.flatMap { part in
            releases.first { $0.name == part.release }?.routers.map(\.share) ?? []
        }
        guard let largest = shares.max(), let smallest = shares.min(), largest - smallest > 100 else { return nil }
        return "the routers of \(unit.name) give \(shares) bp at rest"
    }
}
