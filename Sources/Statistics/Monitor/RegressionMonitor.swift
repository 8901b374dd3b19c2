import Glibc

/// One regression rule over one release: call ``take(_:history:)`` once per scrape cycle, then read ``verdict`` and
/// ``evidence(requestsPerSecond:)``.
///
/// A value: memory is constant, and encoding it loses nothing that the guarantee rests on, so a restart of the daemon neither
/// resets the false-alarm budget nor counts anything twice. The open block travels along.
///
/// What it decides by itself, once, at the first cycle of the release and before using anything that the canary did:
/// - the test: ``PairDetector`` with the dispersion of ``BaselineHistory`` where the baseline has at least two instances
///   with requests to compare, ``ShareBetting`` where it has one;
/// - the margin (this one also when the canary's share changes): where it is known how much instances of one version differ, from half an hour of this deployment or from
///   those before it, the tolerance is widened by that (``SoftMargin``); where all instances of both pools served the baseline's
///   version before, by what their own past leaves open (``OwnPast``);
/// - the boundaries, as soon as both pools have shown a histogram: those which both have.
public struct RegressionMonitor: Sendable, Equatable, Codable {
    public let settings: RegressionSettings
    /// Nil until the release's first cycle.
    private(set) var watch: ReleaseWatch?
    private(set) var method = Comparison.Method.pair
    private(set) var instances = InstanceNumbers(baseline: 0, canary: 0)
    /// The tolerance was widened because instances differ.
    private(set) var isWidened = false
    /// How much instances differ was known when the release began.
    private(set) var knowsInstances = false
    /// The instances are compared with their own past. Nil in records of versions that did not have it.
    private var usesOwnPast: Bool?
    /// The share has changed, so how many instances serve is to be settled before the next block. Nil in records of versions that
    /// did not have it.
    private var isMarginDue: Bool?
    /// Of a rule about a percentile: where it is compared, the proof of being good, and both pools' histograms.
    private(set) var place: PercentilePlace?
    private(set) var percentileSafe: Comparison?
    private(set) var baselineLatency = LatencyTotals()
    private(set) var canaryLatency = LatencyTotals()
    /// The dispersion factor where it is not learned.
    private(set) var assumedDispersion: Double?
    /// When the evidence was least: about when a fault began.
    private var lowestLogE = 0.0
    private(set) var lowestAtSeconds = 0.0
    private(set) var lastSeconds = 0.0

    /// How often the comparison has begun again in this release. Nil in records of versions that did not have it: never.
    private var restarts: Int?

    struct InstanceNumbers: Sendable, Equatable, Codable {
        var baseline: Int
        var canary: Int
    }

    public init(_ settings: RegressionSettings) { self.settings = settings }

    /// The same rule with fresh evidence: other instances serve from here on. The release has one false-alarm probability,
    /// however often that happens.
    public var restarted: RegressionMonitor {
        var next = RegressionMonitor(settings)
        next.restarts = (restarts ?? 0) + 1
        return next
    }

    /// The false-alarm probability of this run of the comparison.
    public var falseAlarm: Double {
        let restarts = restarts ?? 0
        guard settings.mayRestart == true || restarts > 0 else { return settings.falseAlarm }
        return settings.falseAlarm * RestartBudget.part(afterRestarts: restarts)
    }

    /// Takes in a cycle of the running release.
    ///
    /// - Parameter history: of the baseline, as it was *before* this cycle: let it learn the cycle afterwards.
    public mutating func take(_ cycle: WatchCycle, history: BaselineHistory) {
        if watch == nil { begin(cycle, history) }
        if isMarginDue == true { settleMargin(cycle, history) }
        judge(cycle, history)
    }

    /// Takes in a cycle of which only the pools' sums are known: the pair test, without a margin for instances, with a
    /// dispersion factor from elsewhere. For a calculator; not to be mixed with ``take(_:history:)``.
    ///
    /// - Parameter assumedDispersion: at least 1; must not rest on these counts.
    public mutating func take(_ cycle: WatchCycle, assumedDispersion: Double) {
        self.assumedDispersion = max(1, assumedDispersion)
        let history = BaselineHistory()
        if watch == nil {
            let numbers = InstanceNumbers(baseline: cycle.baseline.count, canary: cycle.canary.count)
            start(.pair, numbers, cycle, history)
        }
        judge(cycle, history)
    }

    private mutating func judge(_ cycle: WatchCycle, _ history: BaselineHistory) {
        adoptBounds(cycle, history)
        if cycle.hasOtherInstances {
            watch?.forgetShares()
            percentileSafe?.forgetShare()
        }
        let now = max(cycle.atSeconds, lastSeconds)
        lastSeconds = now
        let errors = settings.watchesErrors ? errorCounts(cycle) : nil
        let slow = slowCounts(cycle)
        let assumed = assumedDispersion
        // The margin covers what lasts longer than the shortest blocks, so that nothing is paid for twice.
        let isBrief = watch?.splitsBudget == true && !isOwnPast
        func dispersion(_ event: BadEvent) -> Double {
            assumed ?? (isBrief ? history.briefDispersion(of: event) : history.dispersion(of: event))
        }
        let dispersions = (watch?.boundsSeconds ?? []).map { dispersion(.slowerThan(seconds: $0)) }
        watch?.take(
            errors: errors, slow: slow, atSeconds: now, coveredSeconds: cycle.coveredSeconds,
            errorDispersion: dispersion(.error), slowDispersion: dispersions)
        takePercentile(cycle, history, atSeconds: now)
        noteLowest()
    }

    private mutating func noteLowest() {
        guard logE <= lowestLogE else { return }
        lowestLogE = logE
        lowestAtSeconds = lastSeconds
    }

    /// Leaves a stretch of time out of the comparison, with what only one pool did before it: one in which the traffic split
    /// changed, the other pool could not be seen, or the daemon was down.
    ///
    /// - Parameters:
    ///   - cycle: what the pools did in it; nil when it is not known.
    ///   - hasShareChanged: the split is another from here on.
    public mutating func leaveOut(_ cycle: WatchCycle?, hasShareChanged: Bool) {
        let baseline = cycle?.baseline ?? []
        let bounds = watch?.boundsSeconds ?? []
        watch?.leaveOut(
            errors: baseline.errorSums,
            slow: bounds.enumerated().map { baseline.slowSums(bound: $0.element, hint: $0.offset) },
            hasShareChanged: hasShareChanged)
        let atPlace = place.flatMap { baseline.slowSums(bound: $0.baselineBound, hint: 0) }
        percentileSafe?.leaveOut(atPlace, hasShareChanged: hasShareChanged)
        if hasShareChanged {
            // What is shown of percentiles is of the present share.
            baselineLatency.forgetCounts()
            canaryLatency.forgetCounts()
            isMarginDue = watch != nil && isWidened
        }
        noteLowest()
    }

    /// The log evidence now, the largest so far, and the bar.
    public var logE: Double { watch?.logE ?? 0 }
    public var maxLogE: Double { watch?.maxLogE ?? 0 }
    public var barLogE: Double { watch?.barLogE ?? AnytimeP.barLogE(falseAlarm: falseAlarm) }

    // MARK: the beginning

    private mutating func begin(_ cycle: WatchCycle, _ history: BaselineHistory) {
        let numbers = numbers(cycle, history)
        start(numbers.baseline >= 2 ? .pair : .share, numbers, cycle, history)
    }

    private func numbers(_ cycle: WatchCycle, _ history: BaselineHistory) -> InstanceNumbers {
        InstanceNumbers(
            baseline: max(cycle.baseline.count(where: \.hasRequests), history.reportingInstances),
            canary: cycle.canary.count)
    }

    /// The margin for the instances that serve at this step. Only how many there are is used, and the baseline's past, both known
    /// before the step's first block; while the numbers are the same, so is the margin.
    private mutating func settleMargin(_ cycle: WatchCycle, _ history: BaselineHistory) {
        isMarginDue = nil
        let numbers = numbers(cycle, history)
        guard numbers != instances, numbers.baseline > 0, numbers.canary > 0 else { return }
        instances = numbers
        usesOwnPast = events(history).first.flatMap { ownPast($0, cycle, history) } != nil
        let bounds = watch?.boundsSeconds ?? []
        let ratio = place == nil ? settings.ratio : 1
        func nulls(_ event: BadEvent, boundaries: Int) -> [NullHypothesis]? {
            margin(event, boundaries: boundaries, cycle, history)?.nulls(ratio: ratio)
        }
        let (errors, slow) = (
            nulls(.error, boundaries: 1), bounds.map { nulls(.slowerThan(seconds: $0), boundaries: bounds.count) }
        )
        watch?.adopt(errors: errors, slow: slow)
    }

    private mutating func start(
        _ method: Comparison.Method, _ instances: InstanceNumbers, _ cycle: WatchCycle,
        _ history: BaselineHistory
    ) {
        self.method = method
        self.instances = instances
        knowsInstances = events(history).contains { history.posterior(of: $0) != nil }
        isWidened = knowsInstances && instances.baseline > 0 && instances.canary > 0
        usesOwnPast = isWidened && events(history).first.flatMap { ownPast($0, cycle, history) } != nil
        var errors: Comparison?
        if settings.watchesErrors {
            errors = comparison(.error, margin: margin(.error, boundaries: 1, cycle, history), history)
        }
        watch = ReleaseWatch(
            falseAlarm: falseAlarm, errorWeight: settings.errorWeight, errors: errors,
            nulls: isWidened ? nil : nulls, splitsBudget: isWidened)
    }

    /// Two null hypotheses, except beside a margin for instances, which covers more than the step between the two; for the
    /// test on shares; and for a percentile, whose tolerance is a step of its boundary. There it is one.
    private var nulls: [NullHypothesis]? {
        guard method == .pair else { return nil }
        if case .latency = settings.scope { return nil }
        return NullHypothesis.pair(ratio: settings.ratio, falseAlarm: falseAlarm)
    }

    /// Everything that this rule may compare.
    private func events(_ history: BaselineHistory) -> [BadEvent] {
        let slow = history.boundsSeconds.map { BadEvent.slowerThan(seconds: $0) }
        switch settings.scope {
        case .errors: return [.error]
        case .slow, .latency: return slow
        case .release: return [.error] + slow
        }
    }

    private func comparison(_ event: BadEvent, margin: SoftMargin?, _ history: BaselineHistory)
        -> Comparison
    {
        let recent = history.recent(event)
        let isError = event == .error
        let widened = margin?.nulls(ratio: settings.ratio)
        var chosen = Comparison.Settings(
            ratio: widened?.last?.ratio ?? settings.ratio, method: method, floor: isError ? settings.floor : 0,
            safeRatio: settings.safeRatio, tracksRatio: isError && settings.tracksRatio, isGuarded: true,
            nulls: widened ?? watchNulls, barLogE: margin?.barLogE)
        chosen.laterSteps = settings.laterSteps
        chosen.betsOnShares = history.areClustersBrief(of: event)
        return Comparison(chosen, recentBad: recent.bad, recentRequests: recent.requests)
    }

    /// Of a comparison without a margin: what the release's other comparisons have, so that they can be averaged.
    private var watchNulls: [NullHypothesis]? {
        watch == nil ? (isWidened ? nil : nulls) : watch?.mixed?.nulls
    }

    /// What is known of how this event's rate differs between the pools' instances by nature; nil where the budget is not
    /// split for margins.
    ///
    /// - Parameter boundaries: how many latency boundaries share their part of the budget.
    private func margin(
        _ event: BadEvent, boundaries: Int, _ cycle: WatchCycle, _ history: BaselineHistory
    ) -> SoftMargin? {
        guard isWidened, watch?.splitsBudget ?? true else { return nil }
        let alpha = ReleaseWatch.part(
            of: falseAlarm, errorWeight: settings.errorWeight, isError: event == .error,
            boundaries: boundaries)
        let scale = (1 / Double(max(1, instances.baseline)) + 1 / Double(max(1, instances.canary)))
            .squareRoot()
        let posterior = history.posterior(of: event) ?? SpreadPosterior()
        guard isOwnPast, let past = ownPast(event, cycle, history) else {
            return SoftMargin(
                alpha: alpha, scale: scale,
                nature: .spread(posterior, wander: history.largestSpread(of: event)))
        }
        let nature = past.nature(
            variance: posterior.variance * scale * scale, dispersion: history.dispersion(of: event),
            drift: history.hourlyDrift(of: event))
        return SoftMargin(alpha: alpha, scale: scale, nature: nature)
    }

    /// The instances are compared with their own past.
    var isOwnPast: Bool { usesOwnPast == true }

    private func ownPast(_ event: BadEvent, _ cycle: WatchCycle, _ history: BaselineHistory)
        -> OwnPast?
    {
        history.ownPast(
            baseline: cycle.baseline.map(\.instance), canary: cycle.canary.map(\.instance), of: event)
    }

    // MARK: latency boundaries

    /// Chooses the boundaries once both layouts are known. Only layouts and the baseline's past are used.
    private mutating func adoptBounds(_ cycle: WatchCycle, _ history: BaselineHistory) {
        guard settings.scope != .errors, watch?.latency.isEmpty == true else { return }
        let known =
            history.boundsSeconds.isEmpty
            ? BaselineHistory.thinned(firstBounds(cycle.baseline)) : history.boundsSeconds
        let canary = firstBounds(cycle.canary)
        let bounds = known.filter(canary.contains)
        if case .latency(let quantile) = settings.scope {
            return adoptPercentile(quantile, bounds, cycle, history)
        }
        let comparisons = bounds.map { bound in
            let event = BadEvent.slowerThan(seconds: bound)
            return comparison(
                event, margin: margin(event, boundaries: bounds.count, cycle, history), history)
        }
        watch?.adopt(boundsSeconds: bounds, comparisons: comparisons)
    }

    /// Waits until the baseline's percentile is known. Only the baseline's past is used.
    private mutating func adoptPercentile(
        _ quantile: Double, _ bounds: [Double], _ cycle: WatchCycle, _ history: BaselineHistory
    ) {
        let found = PercentilePlace(
            quantile, bounds: bounds, ratio: settings.ratio, safeRatio: settings.safeRatio, history: history)
        guard let found else { return }
        place = found
        let event = BadEvent.slowerThan(seconds: found.baselineBound)
        let recent = history.recent(event)
        func comparison(_ settings: Comparison.Settings) -> Comparison {
            Comparison(settings, recentBad: recent.bad, recentRequests: recent.requests)
        }
        let margin = margin(event, boundaries: 1, cycle, history)
        let widened = margin?.nulls(ratio: 1)
        var worse = Comparison.Settings(
            ratio: widened?.last?.ratio ?? 1, method: method, safeRatio: nil,
            tracksRatio: settings.tracksRatio,
            isGuarded: true, nulls: widened, barLogE: margin?.barLogE)
        worse.laterSteps = settings.laterSteps
        worse.betsOnShares = history.areClustersBrief(of: event)
        watch?.adopt(boundsSeconds: [found.baselineBound], comparisons: [comparison(worse)])
        guard found.safeBound != nil else { return }
        percentileSafe = comparison(Comparison.Settings(ratio: 1, method: method, safeRatio: 1, isGuarded: true))
    }

    private mutating func takePercentile(_ cycle: WatchCycle, _ history: BaselineHistory, atSeconds: Double) {
        guard case .latency = settings.scope else { return }
        baselineLatency.add(cycle.baseline)
        canaryLatency.add(cycle.canary)
        guard let place, let safeBound = place.safeBound else { return }
        guard let counts = cycle.slowCounts(place.baselineBound, safeBound, hint: 0) else { return }
        let event = BadEvent.slowerThan(seconds: place.baselineBound)
        percentileSafe?.take(
            counts, atSeconds: atSeconds, coveredSeconds: cycle.coveredSeconds,
            dispersion: assumedDispersion ?? history.dispersion(of: event))
    }

    private func firstBounds(_ pool: [InstanceIncrements]) -> [Double] {
        Array(pool.lazy.compactMap(\.latency).first?.finiteBounds ?? [])
    }

    // MARK: counts of a cycle

    private func errorCounts(_ cycle: WatchCycle) -> PairCounts? {
        PairCounts(baseline: cycle.baseline.errorSums, canary: cycle.canary.errorSums)
    }

    private func slowCounts(_ cycle: WatchCycle) -> [PairCounts?] {
        guard let watch else { return [] }
        return watch.boundsSeconds.enumerated().map { index, bound in
            cycle.slowCounts(bound, place?.canaryBound ?? bound, hint: index)
        }
    }
}

extension PairCounts {
    /// A pool without a report counts as zero; nil when neither reported.
    init?(baseline: (requests: Double, bad: Double)?, canary: (requests: Double, bad: Double)?) {
        guard baseline != nil || canary != nil else { return nil }
        self.init(
            baselineRequests: baseline?.requests ?? 0, baselineBad: baseline?.bad ?? 0,
            canaryRequests: canary?.requests ?? 0, canaryBad: canary?.bad ?? 0)
    }
}
