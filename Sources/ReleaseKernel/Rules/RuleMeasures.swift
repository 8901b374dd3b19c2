/// What a plan's rules look at, each once, however many rules ask for it: a thousand rules look at a dozen numbers.
struct RuleMeasures: Sendable, Equatable {
    private struct Key: Hashable {
        let indicator: Indicator
        let windowMs: Int64
    }

    private var keys: [Key] = []
    private var names: [String] = []
    /// Index of the key, by rule.
    private var places: [Int]
    private var windowsMs: [Int64] = []
    /// Index of the window, by key.
    private var windowPlaces: [Int] = []

    init(rules: [RulePlan]) {
        var known: [Key: Int] = [:]
        places = []
        for rule in rules {
            let key = Key(indicator: rule.indicator, windowMs: rule.windowMs)
            if let place = known[key] {
                places.append(place)
                continue
            }
            known[key] = keys.count
            places.append(keys.count)
            keys.append(key)
            names.append(rule.indicator.name)
            if !windowsMs.contains(rule.windowMs) { windowsMs.append(rule.windowMs) }
            windowPlaces.append(windowsMs.firstIndex(of: rule.windowMs) ?? 0)
        }
    }

    /// The cycle's numbers, in the order of ``measure(rule:in:)``.
    func taken(baseline: PoolState, canary: PoolState) -> [RuleMeasure] {
        let views = windowsMs.map { (baseline.window.view(windowMs: $0), canary.window.view(windowMs: $0)) }
        let healthy = (baseline.healthyTargets, canary.healthyTargets)
        return keys.indices.map { place in
            let (key, window) = (keys[place], windowPlaces[place])
            return RuleMeasure(
                indicatorName: names[place],
                baseline: .init(view: views[window].0, healthyTargets: healthy.0),
                canary: .init(view: views[window].1, healthyTargets: healthy.1),
                values: IndicatorValues(
                    baseline: key.indicator.value(in: views[window].0, of: baseline),
                    canary: key.indicator.value(in: views[window].1, of: canary)))
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
    let values: IndicatorValues

    subscript(pool: Pool) -> Side { pool == .baseline ? baseline : canary }
}
