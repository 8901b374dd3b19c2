import Model

/// People are notified of a rollback that is not acknowledged within its deadline, however often the daemon is restarted and
/// whatever its wall clock does while it runs. The deadline counts from the intent, the drift, or the last of several steps.
///
/// A wall clock that was set back while the daemon was down, by less than it was down, leaves nothing in the journal that
/// says so: by that much the deadline comes later.
struct LimitChecker {
    private struct Episode {
        /// By the world's own clock.
        var beganMs: Int64
        /// What the wall clock was off when it began, milliseconds.
        var wallShiftMs: Int64
        /// By how much less the wall clock had advanced than time itself when the daemon was started again.
        var hiddenMs: Int64 = 0
        var reapplications: Int
        /// The first cycle that saw it overdue: a daemon that was stopped may see several cycles before its timer.
        var overdueSinceMs: Int64?
    }

    private let names: [String]
    private var episodes: [Episode?]
    private var wallShiftMs: Int64 = 0

    init(releases: [String]) {
        names = releases
        episodes = releases.map { _ in nil }
    }

    mutating func appended(_ entry: JournalEntry, release: Int, _ world: WorldView) {
        wallShiftMs = world.wallShiftMs
        if case .intended = entry.event {
            episodes[release] = Episode(beganMs: world.nowMs, wallShiftMs: wallShiftMs, reapplications: 0)
        }
        if case .drifted = entry.event { restart(release, atMs: world.nowMs) }
        if case .strayed = entry.event { restart(release, atMs: world.nowMs) }
        if case .draining(let record) = entry.event, record.isLastStep { restart(release, atMs: world.nowMs) }
    }

    private mutating func restart(_ release: Int, atMs now: Int64) {
        episodes[release]?.beganMs = now
        episodes[release]?.wallShiftMs = wallShiftMs
        episodes[release]?.hiddenMs = 0
    }

    /// The daemon was started again.
    mutating func restarted(wallShiftMs shiftMs: Int64) {
        wallShiftMs = shiftMs
        for index in episodes.indices {
            guard let episode = episodes[index] else { continue }
            episodes[index]?.hiddenMs = max(episode.hiddenMs, episode.wallShiftMs - shiftMs)
        }
    }

    /// Asked at the end of each scrape cycle.
    mutating func saw(_ snapshot: Snapshot, plans: [ReleasePlan], atMs now: Int64) -> String? {
        for (index, name) in names.enumerated() {
            guard let release = snapshot.releases.first(where: { $0.name == name }),
                let plan = plans.first(where: { $0.name == name }),
                let incident = snapshot.incidents.first(where: { $0.id == release.openIncident })
            else { continue }
            noteReopening(incident, release: index, atMs: now)
            guard let episode = episodes[index], incident.state != .abandoned, !snapshot.isDryRun else { continue }
            let began = episode.beganMs + episode.hiddenMs
            // A poll that completes the proof is waited for.
            let longestMs = plan.rollback.deadlineMs + 4 * plan.rollback.callTimeoutMs + 2_000
            guard now - began > longestMs else {
                episodes[index]?.overdueSinceMs = nil
                continue
            }
            let overdueSinceMs = episodes[index]?.overdueSinceMs ?? now
            episodes[index]?.overdueSinceMs = overdueSinceMs
            if now - overdueSinceMs >= 1_000 {
                return "\(incident.id) is open for \(now - began) ms and no receiver was notified; its deadline is"
                    + " \(plan.rollback.deadlineMs) ms"
            }
        }
        return nil
    }

    /// A fight over the split reopens an incident without an entry.
    private mutating func noteReopening(_ incident: Incident, release: Int, atMs now: Int64) {
        guard var episode = episodes[release] else { return }
        if incident.reapplications != episode.reapplications {
            episode = Episode(
                beganMs: max(episode.beganMs, now), wallShiftMs: wallShiftMs, reapplications: incident.reapplications)
        }
        episodes[release] = episode
    }
}
