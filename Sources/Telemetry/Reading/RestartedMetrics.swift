/// Reports, in a scrape body with a later process start, which metrics began at zero: those of which a series fell.
///
/// A busy series may have passed its old value by the time of the first body after the restart, so it does not fall
/// while the others of its metric do. Its rise alone would be less than it counted: of a histogram whose slow requests
/// ended with the old process, it would leave out most of the fast ones.
struct RestartedMetrics {
    /// Requests, errors that are counted by another metric, and latencies.
    private enum Metric: Int, CaseIterable { case requests, errors, latency }

    private var hasFallen = [false, false, false]
    /// Counts below the old values of series that have not fallen, by metric.
    private var unfallen: [ReadingSums?] = [nil, nil, nil]

    private static func metric(of roles: SeriesRoles) -> Metric {
        roles.isRequests ? .requests : roles.isErrors ? .errors : .latency
    }

    mutating func fell(_ series: WatchedSeries) { hasFallen[Self.metric(of: series.roles).rawValue] = true }

    /// - Parameters:
    ///   - below: the part of its value that its rise leaves out.
    ///   - empty: sums without counts.
    mutating func rose(_ series: WatchedSeries, below: Double, empty: ReadingSums) {
        let metric = Self.metric(of: series.roles).rawValue
        var sums = unfallen[metric] ?? empty
        sums.add(series, increment: below)
        unfallen[metric] = sums
    }

    /// What has to be added to the rises of the scrape body's series.
    var missing: [ReadingSums] {
        Metric.allCases.compactMap { hasFallen[$0.rawValue] ? unfallen[$0.rawValue] : nil }
    }

    /// Nothing fell, so it may be another process; or the latencies did not fall, and their rises may be of two lives.
    /// Errors that are counted by a metric of their own are a few less at the worst.
    var isUnknown: Bool {
        if !hasFallen.contains(true) { return unfallen.contains { $0 != nil } }
        let latency = Metric.latency.rawValue
        return !hasFallen[latency] && unfallen[latency]?.hasRisen ?? false
    }
}
