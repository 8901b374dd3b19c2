/// Adds a scrape body's series up, per indicator.
struct ReadingSums {
    private let watchesErrors: Bool
    private var matches = TargetReading.Matches()
    private var requests = 0.0
    private(set) var errors = 0.0
    /// Of the buckets; rising where a layout says them, else in the order in which they were met.
    private var bounds: [Double] = []
    /// One per bound.
    private(set) var increments: [Double] = []
    /// By the layout's slots.
    private var knownQuantiles: [Double] = []
    private var quantiles: [(quantile: Double, seconds: Double)] = []
    private var sumSeconds = 0.0
    private var count: Double?
    /// One per signal of the watch list.
    private var signals: [SignalSums]

    /// - Parameter signals: how many the watch list has.
    init(watchesErrors: Bool, signals: Int) {
        self.watchesErrors = watchesErrors
        self.signals = Array(repeating: SignalSums(), count: signals)
    }

    /// For the scrape bodies of a layout, which says what there is to add up.
    ///
    /// - Parameters:
    ///   - signals: how many the watch list has.
    ///   - room: an array to use again.
    init(watchesErrors: Bool, signals: Int, layout: LayoutCells, room: consuming [Double]) {
        self.watchesErrors = watchesErrors
        self.signals = Array(repeating: SignalSums(), count: signals)
        matches = layout.matches
        bounds = layout.bounds
        knownQuantiles = layout.quantiles
        if layout.hasLatencyCount { count = 0 }
        increments = consume room
        if increments.count != bounds.count { increments = Array(repeating: 0, count: bounds.count) }
        for index in increments.indices { increments[index] = 0 }
    }

    /// The same without counts.
    var empty: ReadingSums { ReadingSums(watchesErrors: watchesErrors, signals: signals.count) }

    // MARK: by name

    /// - Parameter increment: nil without a base; the series still matched.
    mutating func add(_ series: WatchedSeries, increment: Double?) {
        let roles = series.roles
        if roles.isRequests {
            matches.requests += 1
            if roles.lacksOutcome { matches.withoutOutcome += 1 }
            requests += increment ?? 0
        }
        if roles.isErrors {
            matches.errors += 1
            errors += increment ?? 0
        }
        if roles.isLatency { addLatency(series, increment: increment) }
        if roles.isPresence { matches.presence += 1 }
        add(roles.signals, value: series.value, increment: increment ?? 0)
    }

    /// - Parameter increment: 0 without a base, and for what is no counter.
    mutating func add(_ roles: [SignalRole], value: Double, increment: Double) {
        for role in roles { signals[role.signal].add(role.part, value: value, increment: increment) }
    }

    private mutating func addLatency(_ series: WatchedSeries, increment: Double?) {
        let roles = series.roles
        matches.latency += 1
        if roles.isLatencySum { sumSeconds += increment ?? 0 }
        if roles.isLatencyCount { count = (count ?? 0) + (increment ?? 0) }
        if let bound = roles.bucketBound, !bound.isNaN { addBucket(bound, increment ?? 0) }
        if let quantile = roles.quantile { addQuantile(quantile, series.value) }
    }

    /// A scrape body has a dozen bounds.
    private mutating func addBucket(_ bound: Double, _ increment: Double) {
        if let index = bounds.firstIndex(of: bound) {
            increments[index] += increment
        } else {
            bounds.append(bound)
            // A value of -0 is an increment of -0; in a sum it is 0.
            increments.append(0 + increment)
        }
    }

    /// Quantiles of several series cannot be added up: the worst one counts.
    private mutating func addQuantile(_ quantile: Double, _ seconds: Double) {
        guard seconds.isFinite else { return }
        if let index = quantiles.firstIndex(where: { $0.quantile == quantile }) {
            quantiles[index].seconds = max(quantiles[index].seconds, seconds)
        } else {
            quantiles.append((quantile, seconds))
        }
    }

    // MARK: by cell

    /// What most cells are.
    @inline(__always)
    mutating func addBucket(slot: Int, _ increment: Double) { increments[slot] += increment }

    /// - Parameter increment: 0 without a base.
    mutating func add(_ cell: LayoutCells.Cell, value: Double, increment: Double) {
        typealias Meaning = LayoutCells.Meaning
        if cell.meaning & Meaning.requests != 0 { requests += increment }
        if cell.meaning & Meaning.errors != 0 { errors += increment }
        if cell.meaning & Meaning.latencySum != 0 { sumSeconds += increment }
        if cell.meaning & Meaning.latencyCount != 0 { count = (count ?? 0) + increment }
        if cell.meaning & Meaning.bucket != 0 { addBucket(slot: Int(cell.slot), increment) }
        if cell.meaning & Meaning.quantile != 0 { addQuantile(knownQuantiles[Int(cell.slot)], value) }
    }

    // MARK: as a whole

    /// Events: requests, or what the latency counted where that is more.
    var events: Double { max(requests, count ?? 0, increments.max() ?? 0) }

    /// The largest of its counts.
    var size: Double { max(events, errors) }

    /// Whether the errors would exceed the requests with the other counts added.
    func hasMoreErrors(with other: ReadingSums) -> Bool {
        matches.requests > 0 && errors + other.errors > requests + other.requests
    }

    /// Errors that are counted by a metric of their own.
    var hasErrorsBesideRequests: Bool { errors > requests }

    var hasMoreErrors: Bool { matches.requests > 0 && errors > requests }

    /// Far more errors than requests.
    var hasTooManyErrors: Bool { matches.requests > 0 && errors > 2 * requests + 10 }

    /// Adds another scrape body's counts, or what was counted apart; what matched stays.
    mutating func absorb(_ other: ReadingSums) {
        requests += other.requests
        errors += other.errors
        sumSeconds += other.sumSeconds
        if let more = other.count { count = (count ?? 0) + more }
        for (bound, increment) in zip(other.bounds, other.increments) { addBucket(bound, increment) }
        for index in signals.indices { signals[index].absorb(other.signals[index]) }
    }

    /// Takes back what was added with ``absorb(_:)``.
    mutating func remove(_ other: ReadingSums) {
        requests -= other.requests
        errors -= other.errors
        sumSeconds -= other.sumSeconds
        if let less = other.count { count = max(0, (count ?? 0) - less) }
        for (bound, increment) in zip(other.bounds, other.increments) { addBucket(bound, -increment) }
        for index in signals.indices { signals[index].remove(other.signals[index]) }
    }

    /// Whether a watched counter rose.
    var hasRisen: Bool { hasMoreEvents || signals.contains(where: \.hasRisen) }

    /// Requests, errors or what their latency counts.
    var hasMoreEvents: Bool {
        requests > 0 || errors > 0 || sumSeconds > 0 || (count ?? 0) > 0 || increments.contains { $0 > 0 }
    }

    // MARK: the result

    /// - Parameter watch: what was read for; it has the units of the scrape body's sums and quantiles. Bounds are in
    ///   seconds already.
    func reading(
        samples: Int, hasBase: Bool, coveredSeconds: Double?, resets: Int, watch: WatchList
    ) -> TargetReading {
        var matches = matches
        matches.signals = signals.map(\.series)
        return TargetReading(
            requests: hasBase && matches.requests > 0 ? requests : nil, errors: hasBase ? errorsOrNone : nil,
            latency: latency(hasBase: hasBase, watch.latencyPerSecond), matches: matches, samples: samples,
            coveredSeconds: coveredSeconds, resets: resets,
            signals: zip(watch.signals, signals).map { $1.reading($0, hasBase: hasBase) })
    }

    /// Most services have no error series before their first error: requests without errors have had none.
    private var errorsOrNone: Double? {
        if matches.errors > 0 { return errors }
        return watchesErrors && matches.requests > matches.withoutOutcome ? 0 : nil
    }

    private func latency(hasBase: Bool, _ perSecond: Double) -> TargetReading.Latency {
        if !bounds.isEmpty { return hasBase ? .histogram(histogram(perSecond)) : .absent }
        if quantiles.isEmpty, count == nil || !hasBase { return .absent }
        let rising = quantiles.sorted { $0.quantile < $1.quantile }
        return .summary(
            SummaryValues(
                quantiles: rising.map(\.quantile), seconds: rising.map { $0.seconds / perSecond },
                sumSeconds: hasBase ? sumSeconds / perSecond : 0, count: hasBase ? count ?? 0 : 0))
    }

    private func histogram(_ perSecond: Double) -> HistogramIncrements {
        var (upperBounds, cumulative) = (bounds, increments)
        if !isRising {
            let order = bounds.indices.sorted { bounds[$0] < bounds[$1] }
            upperBounds = order.map { bounds[$0] }
            cumulative = order.map { increments[$0] }
        }
        let total = upperBounds.last == .infinity ? cumulative.last : nil
        return HistogramIncrements(
            upperBounds: upperBounds, cumulative: cumulative, sumSeconds: sumSeconds / perSecond,
            count: count ?? total ?? 0)
    }

    private var isRising: Bool {
        for index in bounds.indices.dropFirst() where bounds[index] <= bounds[index - 1] { return false }
        return true
    }
}
