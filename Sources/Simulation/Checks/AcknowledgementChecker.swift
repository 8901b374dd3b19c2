import Model

/// *Acknowledged* is written only after a read-back of the router in which every instance was reached and its true
/// share was 0 at the moment when it was read.
///
/// An instance that shows what was true some time ago is not found out by a read-back. It is by the traffic: if the
/// canary's requests proved the rollback, such an instance has to have been at 0 during the last few cycles. Where the
/// canary could not be scraped at all, no daemon can know, and the journal says that nothing was proven.
struct AcknowledgementChecker {
    private struct Knowledge {
        var readBack: RouterCall?
        var isProven = false
    }

    private var releases: [Knowledge]

    init(releases: Int) { self.releases = Array(repeating: Knowledge(), count: releases) }

    mutating func observed(_ call: RouterCall) { releases[call.release].readBack = call }

    mutating func turned(release: Int) { releases[release] = Knowledge() }

    mutating func appended(_ entry: JournalEntry, release: Int, _ world: WorldView) -> String? {
        if ["intended", "drifted", "strayed"].contains(entry.event.name) { releases[release].isProven = false }
        if case .provenByTraffic = entry.event { releases[release].isProven = true }
        guard entry.event == .acknowledged else { return nil }
        return broken(entry, releases[release], world)
    }

    private func broken(_ entry: JournalEntry, _ known: Knowledge, _ world: WorldView) -> String? {
        guard let readBack = known.readBack else {
            return "\(entry.release) is acknowledged without a read-back of the router"
        }
        for instance in readBack.truth.indices {
            guard let share = readBack.truth[instance] else {
                return "\(entry.release) is acknowledged although instance \(instance) was not reached"
            }
            let router = world.release.routers[instance]
            if readBack.lies[instance] {
                guard known.isProven, share > 0 else { continue }
                let sinceZeroMs = world.nowMs - (router.lastZeroMs ?? -1_000_000_000)
                if sinceZeroMs <= 5 * world.plan.scrape.intervalMs { continue }
                return "\(entry.release) is acknowledged, proven by traffic, and \(router.name) has \(share) bp"
            }
            if share > 0 {
                return "\(entry.release) is acknowledged although instance \(instance) gave the canary \(share) bp"
            }
        }
        return nil
    }
}
