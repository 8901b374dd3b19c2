import Model

/// The measures of a plan's rules, each once, however many rules need it: a thousand rules use a dozen numbers.
struct RuleMeasures: Sendable, Equatable {
    private struct Key: Hashable {
        let indicator: Indicator
        let windowMs: Int64
        /// Both pools' values are compared.
        let isComparison: Bool
    }

    private struct Window: Equatable {
        let lengthMs: Int64
        let isComparison: Bool
    }

    private var keys: [Key] = []
    private var names: [String] = []
    /// In the plan's order.
    private(set) var rules: [PreparedRule] = []
    private var windows: [Window] = []
    /// Index of the window, by key.
    private var windowPlaces: [Int] = []

    init(rules: [RulePlan]) {
        var known: [Key: Int] = [:]
        for rule in rules {
            let test = PreparedTest(rule)
            let key = Key(indicator: rule.indicator, windowMs: rule.windowMs, isComparison: test.isComparison)
            let place = known[key] ?? keys.count
            self.rules.append(PreparedRule(rule, test: test, place: place))
            guard place == keys.count else { continue }
            known[key] = place
            keys.append(key)
            names.append(rule.indicator.name)
            windowPlaces.append(self.place(of: Window(lengthMs: rule.windowMs, isComparison: key.isComparison)))
        }
    }

    private mutating func place(of window: Window) -> Int {
        if let known = windows.firstIndex(of: window) { return known }
        windows.append(window)
        return windows.count - 1
    }

    /// The cycle's numbers, by ``PreparedRule/place``.
    func taken(baseline: PoolState, canary: PoolState) -> [RuleMeasure] {
        let views = windows.map { window in
            (
                baseline.window.view(windowMs: window.lengthMs, isComparison: window.isComparison),
                canary.window.view(windowMs: window.lengthMs, isComparison: window.isComparison)
            )
        }
        let health = (RuleMeasure.Health(of: baseline), RuleMeasure.Health(of: canary))
        let ages = (baseline.sampleAge(of: "baseline"), canary.sampleAge(of: "canary"))
        return keys.indices.map { place in
            let (key, views) = (keys[place], views[windowPlaces[place]])
            var estimates = PoolEstimates(
                key.indicator, isComparison: key.isComparison, baseline: (views.0, baseline), canary: (views.1, canary))
            if let age = ages.0 { estimates.baseline.notes.append(age) }
            if let age = ages.1 { estimates.canary.notes.append(age) }
            return RuleMeasure(
                indicatorName: names[place], kind: key.indicator.measure,
                baseline: .init(key.indicator, estimates.baseline, in: views.0, of: baseline, health: health.0),
                canary: .init(key.indicator, estimates.canary, in: views.1, of: canary, health: health.1),
                isStartingOver: key.isComparison && canary.window.isStartingOver, incomparable: estimates.obstacle,
                substitute: estimates.substitute)
        }
    }

    /// Whether what a condition says of both pools is also said when the two pools were scraped up to a cycle apart.
    ///
    /// A cycle's scrapes are spread over the cycle, so the canary's counts may cover some seconds of a trouble of both versions that
    /// the baseline's do not cover yet, or do not cover any more. What is left out here, or added, is at least as much:
    ///
    /// - At the window's begin the baseline's counts reach back one cycle more, so they cover whatever the canary's cover.
    /// - At its end the canary's counts lack the newest cycle. That is asked of a window that began with the release or with a
    ///   new share and is still growing: there one cycle is most of the window. A whole window is not made to wait, because every
    ///   fault of the canary would be found a cycle later.
    ///
    /// - Parameter place: ``PreparedRule/place``.
    func holdsAtTheEdges(_ condition: Condition, place: Int, baseline: PoolState, canary: PoolState) -> Bool {
        let key = keys[place]
        guard key.isComparison, key.indicator.isOfCounts else { return true }
        func holds(_ old: WindowView, _ new: WindowView) -> Bool {
            let values = PoolEstimates(
                key.indicator, isComparison: true, baseline: (old, baseline), canary: (new, canary))
            return condition.holds(IndicatorValues(baseline: values.baseline.value, canary: values.canary.value))
                == true
        }
        let windowMs = key.windowMs
        let whole = canary.window.view(windowMs: windowMs, isComparison: true)
        guard holds(baseline.window.viewBeginningEarlier(windowMs: windowMs), whole) else { return false }
        guard canary.window.isGrowing(windowMs: windowMs) else { return true }
        guard let settled = canary.window.viewEndingEarlier(windowMs: windowMs) else { return false }
        return holds(baseline.window.view(windowMs: windowMs, isComparison: true), settled)
    }
}

extension Indicator {
    /// Its value is made of what was counted in the window: not a rate, not a gauge, which are known by the second.
    fileprivate var isOfCounts: Bool {
        switch self {
        case .errorRate, .latencyMean, .latencyQuantile: return true
        case .requestRate: return false
        case .own(let own):
            switch own.formula {
            case .ratio, .quantile: return true
            case .rate, .increase, .gauge: return false
            }
        }
    }
}

/// An indicator's value in both pools.
private struct PoolEstimates {
    var baseline: PercentileEstimate
    var canary: PercentileEstimate
    /// Why the pools cannot be compared, and what to change; nil when they can.
    let obstacle: String?
    /// For a condition that names one pool, where the baseline's own value cannot replace the canary's.
    let substitute: SubstituteValue?

    init(
        _ indicator: Indicator, isComparison: Bool, baseline: (view: WindowView, pool: PoolState),
        canary: (view: WindowView, pool: PoolState)
    ) {
        guard let question = indicator.percentile else {
            self.baseline = PercentileEstimate(value: indicator.value(in: baseline.view, of: baseline.pool))
            self.canary = PercentileEstimate(value: indicator.value(in: canary.view, of: canary.pool))
            guard indicator != .errorRate else {
                let unknown = OutcomeDoubt.note(&self.baseline, &self.canary, baseline, canary)
                obstacle = isComparison ? unknown : nil
                substitute = isComparison ? nil : unknown.map(SubstituteValue.incomparable)
                return
            }
            let doubt = indicator == .latencyMean ? UnitDoubt.text(baseline.view.layouts, canary.view.layouts) : nil
            obstacle = isComparison ? doubt : nil
            substitute = isComparison ? nil : doubt.map(SubstituteValue.incomparable)
            return
        }
        guard isComparison else {
            self.baseline = PercentileEstimate(question, in: baseline.view, of: baseline.pool, named: .baseline)
            self.canary = PercentileEstimate(question, in: canary.view, of: canary.pool, named: .canary)
            obstacle = nil
            substitute = SubstituteValue(question, baseline: baseline, canary: canary)
            return
        }
        let found = ComparedPercentile(question, baseline: baseline, canary: canary)
        (self.baseline, self.canary, obstacle) = (found.baseline, found.canary, found.obstacle)
        substitute = nil
    }
}
