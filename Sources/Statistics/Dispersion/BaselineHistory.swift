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
    static let spreadSeconds = 3_600.0
    private static let fadeSeconds = 86_400.0

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

    public init() {}

    /// Learns from a cycle of the baseline.
    public mutating func take(_ baseline: [InstanceIncrements], coveredSeconds: Double) {
        guard coveredSeconds > 0, coveredSeconds.isFinite else { return }
        let faded = (learnedSeconds / BaselineHistory.fadeSeconds).rounded(.down)
        let now = (watchedSeconds ?? 0) + coveredSeconds
        watchedSeconds = now
        if baseline.count(where: \.hasRequests) >= 2 { learnedSeconds += coveredSeconds }
        let slots = slots(of: baseline)
        noteBusy(baseline, slots, now: now)
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

    /// Without what is kept per instance, and so as if nothing were known of how instances differ.
    var condensed: BaselineHistory {
        var copy = self
        (copy.instances, copy.learnedSeconds, copy.busyAtSeconds) = ([], 0, nil)
        copy.errors = errors.condensed
        copy.slow = slow.map(\.condensed)
        return copy
    }

    private mutating func noteBusy(_ baseline: [InstanceIncrements], _ slots: [Int], now: Double) {
        var busy = busyAtSeconds ?? []
        while busy.count < instances.count { busy.append(-BaselineHistory.busySeconds) }
        for (slot, one) in zip(slots, baseline) where one.hasRequests { busy[slot] = now }
        busyAtSeconds = busy
        reportingInstances = busy.count { now - $0 < BaselineHistory.busySeconds }
    }

    private mutating func fade() {
        errors.fade()
        for index in slow.indices { slow[index].fade() }
    }

    /// The instances' slots. Names come in the same order in every cycle, so the place is a good guess.
    private mutating func slots(of pool: [InstanceIncrements]) -> [Int] {
        if instances.count + pool.count > BaselineHistory.instanceLimit,
            pool.contains(where: { !instances.contains($0.instance) })
        {
            instances = []
            busyAtSeconds = nil
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
        slow = boundsSeconds.map { _ in EventHistory() }
    }
}

extension BaselineHistory {
    /// The dispersion factor of a kind of bad event, at least 1; 2 where nothing is known.
    public func dispersion(of event: BadEvent) -> Double { history(of: event)?.dispersion.factor ?? 2 }

    /// Bad events that the dispersion factor was learned from.
    public func errorsSeen(of event: BadEvent) -> Double { history(of: event)?.dispersion.errors ?? 0 }

    /// How much instances differ (standard deviation of the log rate); nil before an hour was watched.
    public func instanceSpread(of event: BadEvent) -> Double? {
        guard learnedSeconds >= BaselineHistory.spreadSeconds, let history = history(of: event) else { return nil }
        return history.spread.logDeviation(dispersion: history.dispersion.factor)
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
