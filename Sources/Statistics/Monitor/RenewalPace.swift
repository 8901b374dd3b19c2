import Glibc

/// How often each instance renews its scrape body. Many exporters render it every few seconds and repeat it in between: the
/// instance has then said nothing about the time since, and brings it all with the next renewal.
///
/// Only whether anything was counted at all is used, never what became of the requests.
struct RenewalPace: Sendable, Equatable {
    /// Fewer requests than this can be missing by chance.
    fileprivate static let expectedRequests = 3.0
    fileprivate static let memorySeconds = 600.0
    fileprivate static let halfLifeSeconds = 60.0
    /// More instances are not followed one by one; all of them are forgotten then.
    fileprivate static let instanceLimit = 10_000

    fileprivate struct Pace: Sendable, Equatable {
        var requestsPerSecond: Double
        var knownSeconds: Double
    }

    /// The instances of one pool.
    fileprivate struct PoolPaces: Sendable, Equatable {
        /// Never iterated over.
        var paces: [String: Pace] = [:]
        /// The longest time between two renewals in the memory's present half and in the half before.
        var longestSeconds = 0.0
        var longestBeforeSeconds = 0.0
    }

    private var baseline = PoolPaces()
    private var canary = PoolPaces()
    private var memoryBeganAtSeconds = 0.0
    private var nowSeconds = 0.0

    /// The longest time between two renewals of a scrape body in the last minutes.
    var longestSeconds: Double {
        max(
            baseline.longestSeconds, baseline.longestBeforeSeconds, canary.longestSeconds, canary.longestBeforeSeconds)
    }

    /// The cycle without the instances whose scrape bodies were not renewed although requests are expected of them. What a
    /// renewed one reports covers the time since it was renewed before.
    mutating func withoutUnrenewed(_ cycle: WatchCycle) -> WatchCycle {
        nowSeconds += cycle.coveredSeconds
        if nowSeconds - memoryBeganAtSeconds >= RenewalPace.memorySeconds / 2 {
            baseline.forgetOlderHalf()
            canary.forgetOlderHalf()
            memoryBeganAtSeconds = nowSeconds
        }
        var renewed = cycle
        renewed.baseline = baseline.reported(cycle.baseline, seconds: cycle.coveredSeconds)
        renewed.canary = canary.reported(cycle.canary, seconds: cycle.coveredSeconds)
        return renewed
    }
}

extension RenewalPace.PoolPaces {
    fileprivate mutating func forgetOlderHalf() { (longestSeconds, longestBeforeSeconds) = (0, longestSeconds) }

    fileprivate mutating func reported(_ pool: [InstanceIncrements], seconds: Double) -> [InstanceIncrements] {
        if paces.count > RenewalPace.instanceLimit { paces = [:] }
        var reported: [InstanceIncrements] = []
        reported.reserveCapacity(pool.count)
        for var one in pool {
            // It reported requests before, so they are still to come: it may have to confirm them, or count from a new
            // base.
            if one.requests == nil, one.latency == nil, paces[one.instance] != nil { continue }
            let expected = (paces[one.instance]?.requestsPerSecond ?? 0) * seconds
            note(one, seconds: seconds)
            guard one.isRenewed || expected < RenewalPace.expectedRequests else { continue }
            if let renewal = one.renewalSeconds, one.isRenewed, renewal > seconds * 1.5 {
                longestSeconds = max(longestSeconds, renewal)
                one.coveredSeconds = max(one.coveredSeconds ?? 0, renewal)
            }
            reported.append(one)
        }
        return reported
    }

    private mutating func note(_ one: InstanceIncrements, seconds: Double) {
        guard let requests = one.requests ?? one.latency?.count, requests.isFinite, seconds > 0 else { return }
        var pace = paces[one.instance] ?? RenewalPace.Pace(requestsPerSecond: 0, knownSeconds: 0)
        // A mean at first, later a decaying one.
        pace.knownSeconds = min(pace.knownSeconds + seconds, RenewalPace.halfLifeSeconds)
        pace.requestsPerSecond += (requests / seconds - pace.requestsPerSecond) * min(1, seconds / pace.knownSeconds)
        paces[one.instance] = pace
    }
}
