import Model

/// *Proven* is written only when the world's canary truly serves (almost) nothing, on every instance that the plan names.
enum ProofChecker {
    static func appended(_ entry: JournalEntry, _ world: WorldView, longestDelayMs: Int64) -> String? {
        guard case .provenByTraffic = entry.event else { return nil }
        let (plan, now) = (world.plan, world.nowMs)
        // The last pages are a little older than the proof, and the silence that they tell of is longer than this.
        let lagMs =
            plan.scrape.intervalMs / 10 + longestDelayMs + (plan.scrape.lateAfterMs == nil ? 0 : plan.scrape.intervalMs)
        let fromMs = now - plan.proof.silenceMs * 9 / 10
        let toMs = now - lagMs
        guard toMs > fromMs else { return nil }
        let allowed = plan.proof.belowPerSecond * Double(toMs - fromMs) / 1_000 + ProofPlan.expectedRequests
        let named = Set(plan.canary.targets.map(\.instance))
        let served = world.release.canary.filter { named.contains($0.instance) }
            .reduce(0) { $0 + $1.record.requests(fromMs: fromMs, toMs: toMs) }
        guard served > allowed else { return nil }
        return "\(entry.release) is proven, and its canary served \(served) requests from \(fromMs) to \(toMs)"
    }
}

/// A rate that is shown is true, or it is not shown: never far above what the pool has served at any moment of the time
/// that it may cover.
enum RateChecker {
    static func ended(_ snapshot: Snapshot, _ release: VirtualRelease, plan: ReleasePlan, nowMs: Int64) -> String? {
        guard let shown = snapshot.releases.first(where: { $0.name == release.name }) else { return nil }
        let windowMs = shown.rules.map(\.windowMs).min() ?? 60_000
        // A page after a gap may tell of a time as long as the window; pages take a moment to arrive.
        let sinceMs = nowMs - windowMs - 4 * plan.scrape.intervalMs
        for (pool, services, name) in [
            (shown.baseline, release.baseline, "baseline"), (shown.canary, release.canary, "canary"),
        ] {
            guard let rate = pool.requestRate else { continue }
            // Some exporters show later what they have counted: as long ago as the record reaches.
            let beganMs = services.contains { $0.exporter.mood.showsLate } ? 0 : sinceMs
            let highest = services.reduce(0) { $0 + $1.record.highestRate(sinceMs: beganMs) }
            if rate > 2 * highest + 5 {
                return "\(release.name) shows \(rate)/s for the \(name), which has served \(highest)/s at the most"
            }
        }
        return nil
    }
}
