import Model

/// What a plan's rules look at, each once, however many rules ask for it: a thousand rules look at a dozen numbers.
struct RuleMeasures: Sendable, Equatable {
    private struct Key: Hashable {
        let indicator: Indicator
        let windowMs: Int64
        /// The condition names both pools.
        let isComparison: Bool
    }

    private struct Window: Equatable {
        let lengthMs: Int64
        let isComparison: Bool
    }

    private var keys: [Key] = []
    private var names: [String] = []
    /// Index of the key, by rule.
    private var places: [Int]
    private var windows: [Window] = []
    /// Index of the window, by key.
    private var windowPlaces: [Int] = []

    init(rules: [RulePlan]) {
        var known: [Key: Int] = [:]
        places = []
        for rule in rules {
            let key = Key(
                indicator: rule.indicator, windowMs: rule.windowMs, isComparison: rule.condition.comparesPools)
            if let place = known[key] {
                places.append(place)
                continue
            }
            known[key] = keys.count
            places.append(keys.count)
            keys.append(key)
            names.append(rule.indicator.name)
            windowPlaces.append(place(of: Window(lengthMs: rule.windowMs, isComparison: key.isComparison)))
        }
    }

    private mutating func place(of window: Window) -> Int {
        if let known = windows.firstIndex(of: window) { return known }
        windows.append(window)
        return windows.count - 1
    }

    /// The cycle's numbers, in the order of ``measure(rule:in:)``.
    func taken(baseline: PoolState, canary: PoolState) -> [RuleMeasure] {
        let views = windows.map { window in
            (
                baseline.window.view(windowMs: window.lengthMs, isComparison: window.isComparison),
                canary.window.view(windowMs: window.lengthMs, isComparison: window.isComparison)
            )
        }
        let healthy = (baseline.healthyTargets, canary.healthyTargets)
        return keys.indices.map { place in
            let (key, window) = (keys[place], windowPlaces[place])
            var measure = RuleMeasure(
                indicatorName: names[place],
                baseline: .init(view: views[window].0, healthyTargets: healthy.0),
                canary: .init(view: views[window].1, healthyTargets: healthy.1))
            measure.isStartingOver = key.isComparison && canary.window.isStartingOver
            measure.fill(key.indicator, isComparison: key.isComparison, baseline: baseline, canary: canary)
            return measure
        }
    }

    func measure(rule index: Int, in taken: [RuleMeasure]) -> RuleMeasure { taken[places[index]] }
}

/// What one rule sees in one cycle.
struct RuleMeasure: Sendable {
    struct Side: Sendable {
        let view: WindowView
        let healthyTargets: Int
    }

    let indicatorName: String
    let baseline: Side
    let canary: Side
    /// The canary's share of the traffic has just changed, and nothing was counted since.
    fileprivate(set) var isStartingOver = false
    private(set) var values = IndicatorValues()
    /// Why a pool has no value with the present scrape bodies, and what to change; nil when only requests are missing.
    private(set) var obstacles: [Pool: String] = [:]
    /// Why the pools cannot be compared, and what to change.
    private(set) var incomparable: String?
    /// What limits the values, per pool.
    private var notes: [Pool: [String]] = [:]

    init(indicatorName: String, baseline: Side, canary: Side) {
        self.indicatorName = indicatorName
        self.baseline = baseline
        self.canary = canary
    }

    subscript(pool: Pool) -> Side { pool == .baseline ? baseline : canary }

    fileprivate mutating func fill(
        _ indicator: Indicator, isComparison: Bool, baseline pool: PoolState, canary other: PoolState
    ) {
        guard let question = indicator.percentile else {
            values.baseline = indicator.value(in: baseline.view, of: pool)
            values.canary = indicator.value(in: canary.view, of: other)
            return
        }
        if isComparison {
            let found = ComparedPercentile(question, baseline: (baseline.view, pool), canary: (canary.view, other))
            incomparable = found.obstacle
            take(found.baseline, found.canary)
        } else {
            take(
                PercentileEstimate(question, in: baseline.view, of: pool, named: .baseline),
                PercentileEstimate(question, in: canary.view, of: other, named: .canary))
        }
    }

    private mutating func take(_ first: PercentileEstimate, _ second: PercentileEstimate) {
        values = IndicatorValues(baseline: first.value, canary: second.value)
        obstacles[.baseline] = first.obstacle
        obstacles[.canary] = second.obstacle
        notes = [.baseline: first.notes, .canary: second.notes]
    }

    /// `the canary has no latency_p99 in the window`, with the cause where it is known.
    func missing(_ pool: Pool) -> String {
        "the \(pool.rawValue) has no \(indicatorName) in the window" + (obstacles[pool].map { ": \($0)" } ?? "")
    }

    /// Why a value that the condition names can never come with the present scrape bodies, each once.
    func obstacles(for condition: Condition) -> [String] {
        let named = [Pool.canary, .baseline].filter(condition.mentions).compactMap { obstacles[$0] }
        return [incomparable].compactMap { $0 } + named
    }

    /// The remarks on the pools that the condition names, each once.
    func notes(for condition: Condition) -> [String] {
        [Pool.canary, .baseline].filter(condition.mentions).flatMap { notes[$0] ?? [] }.reduce(into: []) {
            if !$0.contains($1) { $0.append($1) }
        }
    }
}
