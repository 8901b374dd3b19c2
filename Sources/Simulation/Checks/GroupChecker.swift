import Model

/// The laws of releases that go back together: a companion's rollback begins after its group's decision is on the disk, the
/// decision names it, and it begins once for each incident of the group.
struct GroupChecker {
    private struct Start: Hashable {
        let release: String
        let key: String
    }

    private var begun: Set<Start> = []

    /// A crash has lost what was not durable.
    mutating func restarted(_ entries: [JournalEntry]) {
        begun = Set(entries.compactMap { entry in Self.link(entry).map { Start(release: entry.release, key: $0.key) } })
    }

    /// - Parameter durable: what the disk had before the entry.
    mutating func appended(_ entry: JournalEntry, durable: [JournalEntry]) -> String? {
        guard let link = Self.link(entry) else { return nil }
        guard begun.insert(Start(release: entry.release, key: link.key)).inserted else {
            return "\(entry.release) goes back twice with \(link.incident)"
        }
        let decision = durable.lazy.compactMap { known -> GroupDecision? in
            guard known.incident == link.incident, case .group(.decided(let decision)) = known.event else { return nil }
            return decision
        }.last
        guard let decision else {
            return "\(entry.release) goes back before the decision of \(link.incident) is durable"
        }
        if decision.goes.contains(where: { $0.companion.release == entry.release }) { return nil }
        return "\(entry.release) goes back, and the decision of \(link.incident) does not name it"
    }

    private static func link(_ entry: JournalEntry) -> GroupLink? {
        guard case .intended(let intent) = entry.event, !intent.isDryRun, case .rollout(let trigger) = intent.trigger
        else { return nil }
        return trigger.group
    }
}
