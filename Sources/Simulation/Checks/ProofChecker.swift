import Model

/// *Proven* is written only when the world's canary truly serves (almost) nothing, on every instance that the plan names.
struct ProofChecker {
    /// When each release began to be watched, and when that was over; virtual time.
    private var watched: [(fromMs: Int64, toMs: Int64)]

    init(releases: Int) { watched = Array(repeating: (0, 0), count: releases) }

    mutating func appended(_ entry: JournalEntry, release: Int, _ world: WorldView) -> String? {
        if case .began = entry.event { watched[release] = (world.nowMs, .max) }
        if case .intended = entry.event { watched[release].toMs = world.nowMs }
        guard case .provenByTraffic = entry.event else { return nil }
        return broken(entry, watched[release], world)
    }

    private func broken(_ entry: JournalEntry, _ watched: (fromMs: Int64, toMs: Int64), _ world: WorldView) -> String? {
        let (plan, now) = (world.plan, world.nowMs)
        // The last scrape bodies are a little older than the proof, and the silence that they show is longer than this.
        let lagMs =
            plan.scrape.intervalMs / 10 + world.longestDelayMs
            + (plan.scrape.lateAfterMs == nil ? 0 : plan.scrape.intervalMs)
        let fromMs = now - plan.proof.silenceMs * 9 / 10
        let toMs = now - lagMs
        guard toMs > fromMs else { return nil }
        let allowed = plan.proof.belowPerSecond * Double(toMs - fromMs) / 1_000 + ProofPlan.expectedRequests
        let named = Set(plan.canary.targets.map(\.instance))
        let seenMs = max(watched.fromMs, world.lifeBeganMs)..<max(watched.toMs, watched.fromMs, world.lifeBeganMs)
        let served = world.release.canary
            .filter { named.contains($0.instance) && !ProofChecker.isOfUnknownAge($0.exporter, seenMs) }
            .reduce(0) { $0 + $1.record.requests(fromMs: fromMs, toMs: toMs) }
        guard served > allowed else { return nil }
        return "\(entry.release) is proven, and its canary served \(served) requests from \(fromMs) to \(toMs)"
    }

    /// An exporter that repeats an old body looks like silence. For how long it does so is learned from the pauses between
    /// its changes while the canary is watched; a daemon that has not seen two of them cannot know.
    private static func isOfUnknownAge(_ exporter: VirtualExporter, _ seenMs: Range<Int64>) -> Bool {
        exporter.mood == .cachesBody && exporter.renewalsMs.count { seenMs.contains($0) } < 4
    }
}

/// A rate that is shown is true, or it is not shown: never far above what the pool has served at any moment of the time
/// that it may cover.
enum RateChecker {
    static func ended(_ snapshot: Snapshot, _ release: VirtualRelease, plan: ReleasePlan, nowMs: Int64) -> String? {
        guard let shown = snapshot.releases.first(where: { $0.name == release.name }) else { return nil }
        let windowMs = shown.rules.map(\.windowMs).min() ?? 60_000
        // A scrape body after a gap may cover a time as long as the window; bodies take a moment to arrive.
        let sinceMs = nowMs - windowMs - 4 * plan.scrape.intervalMs
        for (pool, services, name) in [
            (shown.baseline, release.baseline, "baseline"), (shown.canary, release.canary, "canary"),
        ] {
            let record = name == "baseline" ? release.baselineRecord : release.canaryRecord
            guard let rate = pool.requestRate else { continue }
            // A target that left the files is still watched while they are refused, and the world knows no more of it.
            let watched = (name == "baseline" ? plan.baseline : plan.canary).targets
            guard watched.allSatisfy({ one in services.contains { $0.instance == one.instance } }) else { continue }
            // Some exporters show later what they have counted: as long ago as the record reaches.
            let beganMs = services.contains { $0.exporter.mood.showsLate } ? 0 : sinceMs
            var highest = services.reduce(0) { $0 + factor(of: $1) * $1.record.highestRate(sinceMs: beganMs) }
            // Half of a pool may have gone at once, and the others had less before.
            if plan.discovery != nil { highest = max(highest, 3 * record.highestRate(sinceMs: beganMs)) }
            if rate > highest + 5 {
                return "\(release.name) shows \(rate)/s for the \(name), which can have had \(highest)/s at the most"
            }
        }
        return nil
    }

    /// After failed scrapes the age of a body that is rendered only now and then is not known, so the counts of two scrapes
    /// may fall on one.
    private static func factor(of service: VirtualService) -> Double { service.exporter.mood == .cachesBody ? 3 : 2 }
}
