/// What the baseline's instances teach about themselves, also while no release is running: how clustered their bad events
/// are, how much instances differ, and what the rates were in the last minutes.
///
/// Feed it every scrape cycle, *after* the monitors have taken the cycle: evidence may only rest on dispersion that was
/// known before.
public struct BaselineHistory: Sendable, Equatable, Codable {
    /// More bounds or instances than these are not watched one by one.
    static let boundLimit = 64
    static let instanceLimit = 512
    /// From here on it is believed to know how much instances differ.
    static let spreadSeconds = 1_800.0
    private static let briefSpread = 0.1
    private static let fadeSeconds = 86_400.0
    /// Of so many instances it is stored what each of them did; of more, nothing.
    static let storedInstanceLimit = 64

    private var instances: [String] = []
    /// Bounds of the baseline's histograms, seconds, rising.
    public private(set) var boundsSeconds: [Double] = []
    private var errors = EventHistory()
    private var slow: [EventHistory] = []
    /// Seconds in which at least two instances had requests: only then is anything learned of how they differ.
    public private(set) var learnedSeconds = 0.0
    /// Instances that had requests in the last minute.
    public private(set) var reportingInstances = 0
    private static let busySeconds = 60.0
    /// The time that was watched, and when each instance last had requests. Nil before the first cycle, and in records of
    /// versions that did not have them.
    private var watchedSeconds: Double?
    private var busyAtSeconds: [Double]?
    /// For how long each instance had requests. Nil in records of versions that did not have it.
    private var servedSeconds: [Double]?
    /// The version of what is stored, so that a later program knows what an earlier one meant. Nil in records of versions
    /// without a posterior.
    private var format: Int? = BaselineHistory.currentFormat
    private static let currentFormat = 2
    /// False for a record of a later program, which may mean something else.
    var isReadable: Bool { format ?? 1 <= BaselineHistory.currentFormat }
    /// What deployments before have shown of latencies, by bound, until this one's bounds are known. Nil for nothing.
    private var pastSlow: [BoundPast]?

    /// A latency boundary with its posterior.
    private struct BoundPast: Sendable, Equatable, Codable {
        let boundSeconds: Double
        let posterior: SpreadPosterior
    }

    public init() {}

    /// The history of the deployment that follows: of this one, what it has shown of how much instances differ stays.
    public var nextDeployment: BaselineHistory {
        var next = BaselineHistory()
        next.errors = EventHistory(past: errors.folded(isLearned: isSpreadLearned))
        let known = zip(boundsSeconds, slow).compactMap { bound, history in
            history.folded(isLearned: isSpreadLearned).map {
                BoundPast(boundSeconds: bound, posterior: $0)
            }
        }
        next.pastSlow = known.isEmpty ? pastSlow : known
        return next
    }

    private var isSpreadLearned: Bool { learnedSeconds >= BaselineHistory.spreadSeconds }

    /// Time passed in which nothing was seen.
    public mutating func skip(seconds: Double) {
        guard seconds > 0, seconds.isFinite else { return }
        watchedSeconds = (watchedSeconds ?? 0) + seconds
    }

    /// Learns from a cycle of the baseline.
    public mutating func take(_ baseline: [InstanceIncrements], coveredSeconds: Double) {
        guard coveredSeconds > 0, coveredSeconds.isFinite else { return }
        let faded = (learnedSeconds / BaselineHistory.fadeSeconds).rounded(.down)
        let now = (watchedSeconds ?? 0) + coveredSeconds
        watchedSeconds = now
        if baseline.count(where: \.hasRequests) >= 2 { learnedSeconds += coveredSeconds }
        let slots = slots(of: baseline)
        noteBusy(baseline, slots, now: now, coveredSeconds: coveredSeconds)
        learnBounds(baseline)
        var counts = InstanceCounts(slots: instances.count)
        for (slot, one) in zip(slots, baseline) {
            guard let requests = one.requests, let bad = one.errors else { continue }
            counts.add(requests: requests, bad: min(bad, requests), slot: slot)
        }
        errors.take(counts, endSeconds: now, coveredSeconds: coveredSeconds)
        for index in slow.indices {
            counts.clear()
            for (slot, one) in zip(slots, baseline) {
                guard let latency = one.latency else { continue }
                guard let bad = latency.slower(than: boundsSeconds[index], hint: index) else { continue }
                counts.add(requests: latency.count, bad: bad, slot: slot)
            }
            slow[index].take(counts, endSeconds: now, coveredSeconds: coveredSeconds)
        }
        if (learnedSeconds / BaselineHistory.fadeSeconds).rounded(.down) > faded { fade() }
    }

    /// What is worth storing. Of many instances without what is kept per instance, and so as if nothing were known of how
    /// those of this deployment differ.
    var condensed: BaselineHistory {
        var copy = self
        let isWhole = instances.count <= BaselineHistory.storedInstanceLimit
        copy.errors = errors.condensed(isWhole: isWhole)
        copy.slow = slow.map { $0.condensed(isWhole: isWhole) }
        guard !isWhole else { return copy }
        (copy.instances, copy.learnedSeconds, copy.busyAtSeconds, copy.servedSeconds) = (
            [], 0, nil, nil
        )
        return copy
    }

    private mutating func noteBusy(
        _ baseline: [InstanceIncrements], _ slots: [Int], now: Double, coveredSeconds: Double
    ) {
        var (busy, served) = (busyAtSeconds ?? [], servedSeconds ?? [])
        (busyAtSeconds, servedSeconds) = (nil, nil)
        while busy.count < instances.count { busy.append(-BaselineHistory.busySeconds) }
        while served.count < instances.count { served.append(0) }
        for (slot, one) in zip(slots, baseline) where one.hasRequests {
            busy[slot] = now
            served[slot] += coveredSeconds
        }
        (busyAtSeconds, servedSeconds) = (busy, served)
        reportingInstances = busy.count { now - $0 < BaselineHistory.busySeconds }
    }

    private mutating func fade() {
        errors.fade()
        for index in slow.indices { slow[index].fade() }
        servedSeconds = servedSeconds?.map { $0 / 2 }
    }

    /// The instances' slots. Names come in the same order in every cycle, so the place is a good guess.
    private mutating func slots(of pool: [InstanceIncrements]) -> [Int] {
        if instances.count + pool.count > BaselineHistory.instanceLimit,
            pool.contains(where: { !instances.contains($0.instance) })
        {
            instances = []
            (busyAtSeconds, servedSeconds) = (nil, nil)
            errors.forgetInstances()
            for index in slow.indices { slow[index].forgetInstances() }
        }
        return pool.prefix(BaselineHistory.instanceLimit).enumerated().map { place, one in
            if place < instances.count, instances[place] == one.instance { return place }
            if let known = instances.firstIndex(of: one.instance) { return known }
            instances.append(one.instance)
            return instances.count - 1
        }
    }

    /// At most ``boundLimit`` of the bounds, evenly chosen, the first and the last among them: the tail matters most.
    static func thinned(_ bounds: [Double]) -> [Double] {
        guard bounds.count > boundLimit else { return bounds }
        return (0..<boundLimit).map { bounds[$0 * (bounds.count - 1) / (boundLimit - 1)] }
    }

    /// The first histogram's bounds; other bounds later on are another layout, and only common bounds are compared.
    private mutating func learnBounds(_ baseline: [InstanceIncrements]) {
        guard boundsSeconds.isEmpty, let latency = baseline.lazy.compactMap(\.latency).first else { return }
        boundsSeconds = BaselineHistory.thinned(Array(latency.finiteBounds))
        slow = boundsSeconds.map { bound in
            EventHistory(past: pastSlow?.first { $0.boundSeconds == bound }?.posterior)
        }
        pastSlow = nil
    }
}

extension BaselineHistory {
    /// The dispersion factor of a kind of bad event, at least 1; 2 where nothing is known.
    public func dispersion(of event: BadEvent) -> Double { history(of: event)?.dispersion.factor ?? 2 }

    /// Bad events that the dispersion factor was learned from.
    public func errorsSeen(of event: BadEvent) -> Double { history(of: event)?.dispersion.errors ?? 0 }

    /// The factor of the shortest blocks alone: for evidence with a margin that covers how instances differ for longer.
    public func briefDispersion(of event: BadEvent) -> Double {
        history(of: event)?.dispersion.briefFactor ?? 2
    }

    /// Deployments that have shown how much their instances differ, this one among them once it was watched for half an hour.
    public func deployments(of event: BadEvent) -> Int { posterior(of: event)?.deployments ?? 0 }

    /// What is known of how much instances differ; nil while nothing is.
    func posterior(of event: BadEvent) -> SpreadPosterior? {
        guard let history = history(of: event) else {
            guard case .slowerThan(let bound) = event else { return nil }
            return pastSlow?.first { $0.boundSeconds == bound }?.posterior
        }
        return history.posterior(isLearned: isSpreadLearned)
    }

    /// How much this deployment's instances differ, at most: over all the time and in windows of one and of five minutes
    /// (standard deviation of the log rate); 0 while it is not known.
    func largestSpread(of event: BadEvent) -> Double {
        guard isSpreadLearned, let history = history(of: event) else { return 0 }
        let brief = history.dispersion.briefFactor
        return max(
            history.spread.logDeviation(dispersion: brief) ?? 0, history.dispersion.wanderDeviation)
    }

    /// Bad events come in clusters that end within a cycle, if in any: instances do not differ in windows of one or five
    /// minutes. Bets on shares, whose blocks have to be independent, need that. False while it is not known.
    func areClustersBrief(of event: BadEvent) -> Bool {
        guard isSpreadLearned, let history = history(of: event) else { return false }
        return history.dispersion.wanderDeviation <= BaselineHistory.briefSpread
    }

    /// See ``InstanceWander/hourlyDrift``.
    func hourlyDrift(of event: BadEvent) -> Double? { history(of: event)?.dispersion.hourlyDrift }

    /// What these instances did when all of them served this version: each for half an hour at least, and in the last day.
    ///
    /// - Returns: nil when one of them did not.
    func ownPast(baseline: [String], canary: [String], of event: BadEvent) -> OwnPast? {
        guard let history = history(of: event), !baseline.isEmpty, !canary.isEmpty else { return nil }
        guard let first = sums(baseline, history.spread.counts),
            let second = sums(canary, history.spread.counts)
        else {
            return nil
        }
        return OwnPast(baseline: first, canary: second)
    }

    private func sums(_ names: [String], _ counts: InstanceCounts) -> (requests: Double, bad: Double)? {
        guard let busyAtSeconds, let servedSeconds, let now = watchedSeconds else { return nil }
        var sums = (requests: 0.0, bad: 0.0)
        for name in names {
            guard let slot = instances.firstIndex(of: name), slot < counts.slots,
                slot < servedSeconds.count
            else {
                return nil
            }
            guard servedSeconds[slot] >= BaselineHistory.spreadSeconds else { return nil }
            guard now - busyAtSeconds[slot] <= BaselineHistory.fadeSeconds, counts.requests[slot] > 0
            else { return nil }
            sums.requests += counts.requests[slot]
            sums.bad += counts.bad[slot]
        }
        return sums
    }

    /// The last minutes' counts, decayed with a half-life of ten minutes.
    public func recent(_ event: BadEvent) -> (bad: Double, requests: Double) {
        history(of: event).map { ($0.recentBad, $0.recentRequests) } ?? (0, 0)
    }

    private func history(of event: BadEvent) -> EventHistory? {
        switch event {
        case .error: errors
        case .slowerThan(let seconds): boundsSeconds.firstIndex(of: seconds).map { slow[$0] }
        }
    }
}
