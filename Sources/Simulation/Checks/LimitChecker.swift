import Model

/// People are notified of a rollback that is not acknowledged within its deadline, however often the daemon is restarted and
/// whatever its wall clock does. The deadline counts from the intent, the drift, or the last of several steps.
struct LimitChecker {
    private struct Episode {
        /// By the world's own clock.
        var beganMs: Int64
        var reapplications: Int
        /// The first cycle that saw it overdue: a daemon that was stopped may see several cycles before its timer.
        var overdueSinceMs: Int64?
    }

    private let names: [String]
    private var episodes: [Episode?]

    init(releases: [String]) {
        names = releases
        episodes = releases.map { _ in nil }
    }

    mutating func appended(_ entry: JournalEntry, release: Int, atMs now: Int64) {
        switch entry.event {
        case .intended: episodes[release] = Episode(beganMs: now, reapplications: 0)
        case .drifted, .strayed: episodes[release]?.beganMs = now
        case .draining(let record) where record.isLastStep: episodes[release]?.beganMs = now
        default: break
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
            guard let began = episodes[index]?.beganMs, incident.state != .abandoned, !snapshot.isDryRun else {
                continue
            }
            // A poll that completes the proof is waited for.
            let longestMs = plan.rollback.deadlineMs + 4 * plan.rollback.callTimeoutMs + 2_000
            guard now - began > longestMs else {
                episodes[index]?.overdueSinceMs = nil
                continue
            }
            let overdueSinceMs = episodes[index]?.overdueSinceMs ?? now
            episodes[index]?.overdueSinceMs = overdueSinceMs
            if now - overdueSinceMs >= 1_000 {
                return "\(incident.id) is open for \(now - began) ms and nobody was notified; its deadline is"
                    + " \(plan.rollback.deadlineMs) ms"
            }
        }
        return nil
    }

    /// A fight over the split reopens an incident without an entry.
    private mutating func noteReopening(_ incident: IncidentSnapshot, release: Int, atMs now: Int64) {
        guard var episode = episodes[release] else { return }
        if incident.reapplications != episode.reapplications {
            episode = Episode(beganMs: max(episode.beganMs, now), reapplications: incident.reapplications)
        }
        episodes[release] = episode
    }
}
