import Model

/// Releases that the plan does not name at present. One that is named again later still has its latch: a canary that was
/// rolled back must not come in by the way of a configuration that forgot it for a while.
struct AbsentReleases: Sendable, Equatable {
    private struct Remembered: Sendable, Equatable {
        let name: String
        var entries: [JournalEntry]
    }

    /// What the journal says of releases that this process has never had in its plan.
    private var remembered: [Remembered] = []
    /// Releases that a reload took out, as they were.
    private var kept: [Release] = []

    /// Names that are kept in memory; a configuration with more names coming and going is no configuration.
    private static let limit = 1_000

    /// Takes an entry of the journal. A beginning ends what was before it, latch included.
    mutating func remember(_ entry: JournalEntry) {
        let index = remembered.firstIndex { $0.name == entry.release }
        if let index {
            if case .began = entry.event {
                let rollouts = remembered[index].entries.rolloutIDs
                remembered[index].entries.removeAll { !$0.isOfRollouts(rollouts) }
            }
            remembered[index].entries.append(entry)
        } else if remembered.count < AbsentReleases.limit {
            remembered.append(Remembered(name: entry.release, entries: [entry]))
        }
    }

    mutating func keep(_ release: Release) {
        if kept.count >= AbsentReleases.limit { kept.removeFirst() }
        kept.append(release)
    }

    /// The release that a reload took out earlier, if it did.
    mutating func take(_ name: String) -> Release? {
        guard let index = kept.firstIndex(where: { $0.name == name }) else { return nil }
        var release = kept.remove(at: index)
        release.isBack = true
        return release
    }

    /// Which version is where in an absent release, as far as this process knows.
    func deployment(of name: String) -> DeploymentRecord? {
        if let release = kept.first(where: { $0.name == name }) { return release.rollouts.deployment }
        return remembered.first { $0.name == name }?.entries.lazy.compactMap { entry -> DeploymentRecord? in
            if case .deployment(let record) = entry.event { record } else { nil }
        }.last
    }

    /// A release that this process sees for the first time, with what the journal knows of it.
    mutating func restore(_ plan: ReleasePlan, at now: Moment) -> Release {
        guard let index = remembered.firstIndex(where: { $0.name == plan.name }) else {
            return Release(plan: plan, at: now)
        }
        let entries = remembered.remove(at: index).entries
        let deployment = entries.lazy.compactMap { entry -> DeploymentRecord? in
            if case .deployment(let record) = entry.event { record } else { nil }
        }.last
        var replay = ReleaseReplay(Release(plan: plan, deployment: deployment, at: now), at: now)
        for entry in entries { replay.take(entry) }
        var release = replay.restored
        release.isBack = true
        return release
    }

    /// The alerts of rollbacks that are less than an hour old. They last although the configuration does not name their
    /// releases any more: a deployment tool may remove a release seconds after its rollback.
    func standingAlerts(at now: Moment) -> [Notification] {
        kept.flatMap { StandingAlerts(release: $0, now: now).whileAbsent }
            + remembered.compactMap { AbsentReleases.standingAlert($0.entries, at: now) }
    }

    private static func standingAlert(_ entries: [JournalEntry], at now: Moment) -> Notification? {
        let newest = entries.last { if case .intended(let intent) = $0.event { !intent.isDryRun } else { false } }
        guard let newest, StandingAlerts.isYoung(newest.wallMs, at: now) else { return nil }
        let incident = Incident(history: entries.filter { $0.incident == newest.incident })
        return incident.flatMap { .standing($0, at: now) }
    }
}
