import Model

/// After the heal: every incident closes within its time, the outbox empties, the snapshot says what is true, and a sick
/// canary that the rules can see is out.
struct LivenessChecker {
    /// What is known of one release's open incident.
    private struct Episode {
        let name: String
        /// When it began, or was last reopened.
        var openedMs: Int64 = 0
        var incident: String?
        var reapplications = 0
    }

    private var healedMs: Int64 = 0
    /// For so long after the heal a release's targets may still be taken for several processes each.
    private var ambiguousForMs: [String: Int64] = [:]
    private var episodes: [Episode]

    init(releases: [String]) { episodes = releases.map { Episode(name: $0) } }

    mutating func healed(atMs now: Int64, ambiguousForMs times: [String: Int64]) {
        (healedMs, ambiguousForMs) = (now, times)
    }

    mutating func saw(_ snapshot: Snapshot, atMs now: Int64) {
        for index in episodes.indices {
            let release = snapshot.releases.first { $0.name == episodes[index].name }
            let incident = snapshot.incidents.first { $0.id == release?.openIncident }
            let reapplications = incident?.reapplications ?? 0
            // In a fight over the split not each correction has an entry; such a one opens no incident.
            let work = incident?.id ?? (release?.phase == .rollingBack ? "a correction" : nil)
            if work != episodes[index].incident || reapplications != episodes[index].reapplications {
                episodes[index].openedMs = now
            }
            (episodes[index].incident, episodes[index].reapplications) = (work, reapplications)
        }
    }

    /// So long after the heal nothing is left open that was open at the heal.
    ///
    /// - Parameter disk: nil for a replica, which keeps what another one sends.
    mutating func calmed(_ snapshot: Snapshot, disk: VirtualDisk?, atMs now: Int64) -> String? {
        saw(snapshot, atMs: now)
        let old = disk?.outbox.first { $0.state == .waiting && $0.addedMs <= healedMs }
        if let old { return "\(old.delivery.id) waits since before the heal, after \(old.delivery.attempt) tries" }
        for release in snapshot.releases {
            guard release.openIncident != nil || release.phase == .rollingBack else { continue }
            guard openedMs(release.name) <= healedMs else { continue }
            // The rest of the calm is long enough for it.
            if ambiguousForMs[release.name] ?? 0 > 0 { continue }
            return "\(release.name) is being rolled back since before the heal: \(release.explanation)"
        }
        return nil
    }

    private func openedMs(_ name: String) -> Int64 { episodes.first { $0.name == name }?.openedMs ?? 0 }

    func finished(
        _ snapshot: Snapshot, _ releases: [VirtualRelease], disk: VirtualDisk?, nowMs: Int64
    ) -> String? {
        if let problem = snapshot.journalProblem { return "the journal is still in trouble: \(problem)" }
        // Notifications of the last seconds may be on their way.
        let left = disk?.outbox.first { $0.state == .waiting && nowMs - $0.addedMs > Swarm.patienceMs / 4 }
        if let left {
            return "\(left.delivery.id) is still in the outbox after \(left.delivery.attempt) tries"
        }
        for release in releases {
            if let detail = unrest(snapshot, release, openedMs(release.name), nowMs) { return detail }
        }
        return nil
    }

    private func unrest(_ snapshot: Snapshot, _ truth: VirtualRelease, _ openedMs: Int64, _ nowMs: Int64) -> String? {
        guard let release = snapshot.releases.first(where: { $0.name == truth.name }) else { return "it is gone" }
        let ambiguousMs = ambiguousForMs[truth.name] ?? 0
        let isYoung = nowMs - max(openedMs, healedMs + ambiguousMs) < Swarm.patienceMs
        let open = snapshot.incidents.filter { $0.release == truth.name && $0.isOpen }
        if let first = open.first {
            return isYoung ? nil : "\(first.id) is still open (\(first.state.rawValue)): \(release.explanation)"
        }
        if release.phase == .rollingBack, isYoung { return nil }
        let shown = release.observedCanaryBasisPoints
        guard shown == truth.largestShare else {
            return "\(truth.name) shows \(shown ?? -1) bp, its routers give \(truth.largestShare) bp"
        }
        let isFitting =
            switch release.phase {
            case .idle, .rolledBack: shown == 0
            // Instances may disagree: a canary that has everything on one of two is still watched.
            // A rollout that is under way ends its release itself: after a bake, or ten minutes at nothing.
            case .watching, .held:
                release.rollout?.running != nil || truth.largestShare > 0 && truth.share < 1
            case .promoted: truth.share == 1
            case .rollingBack: false
            }
        if !isFitting { return "\(truth.name) is \(release.phase.rawValue) with \(shown ?? -1) bp" }
        return missed(release, truth, snapshot, nowMs)
    }

    /// A canary that has been sick since before the heal, beside a healthy baseline and with enough traffic, is out. Rules
    /// judge what they have seen of the present share: a rollout that took its step a moment ago still has time.
    private func missed(
        _ release: ReleaseSnapshot, _ truth: VirtualRelease, _ snapshot: Snapshot, _ nowMs: Int64
    ) -> String? {
        guard release.phase == .watching || release.phase == .held, !snapshot.isDryRun else { return nil }
        guard truth.canarySickness.isSick(atMs: healedMs), truth.baselineSickness.beganMs == nil else { return nil }
        if truth.isBaselineOverloaded { return nil }
        let ruleMs = release.rules.map { $0.windowMs + $0.forMs }.max() ?? 0
        if nowMs - truth.shareSinceMs < ruleMs + 8 * (truth.lastPlan?.scrape.intervalMs ?? 0) { return nil }
        let windowMs = release.rules.map(\.windowMs).min() ?? 0
        let perWindow = truth.requestsPerSecond * min(truth.share, 1 - truth.share) * Double(windowMs) / 1_000
        guard perWindow > 200 else { return nil }
        return "\(truth.name) is sick, seen and still \(release.phase.rawValue): \(release.explanation)"
    }
}
