/// What increments are counted from.
struct CountingBase {
    let hasEarlierPage: Bool
    let isRestarted: Bool
    /// A series that was not there before began at zero.
    let countsNewSeries: Bool
    /// This is the first page, and the process is younger than the release.
    var beganAtZero = false
    /// Nil without a base.
    var coveredSeconds: Double?
    private(set) var resets = 0

    init(hasEarlierPage: Bool, isRestarted: Bool, countsNewSeries: Bool) {
        self.hasEarlierPage = hasEarlierPage
        self.countsNewSeries = countsNewSeries
        self.isRestarted = isRestarted
    }

    var isThere: Bool { hasEarlierPage || beganAtZero }

    /// The series' increment, and its value as the next base. Nil without a base, and for a value that no counter has.
    mutating func increment(of series: inout WatchedSeries) -> Double? {
        let value = series.value
        guard value.isFinite, value >= 0 else { return nil }
        let last = isRestarted ? 0 : series.last
        // After a slip the highest value stays the base: a counter that swings would count its way back each time.
        series.last = Self.hasFallen(from: last, to: value) ? value : max(value, last ?? 0)
        guard isThere, last != nil || countsNewSeries || beganAtZero else { return nil }
        let increment = rise(to: value, from: last ?? 0)
        return increment <= Self.largestIncrement ? increment : nil
    }

    /// The same for a value in a column; NaN stands for none. Nearly always the series is known and has not fallen.
    @inline(__always)
    mutating func increment(from last: inout Double, to value: Double) -> Double {
        let rise = value - last
        if hasEarlierPage, !isRestarted, rise >= 0, rise <= Self.largestIncrement, value >= 0 {
            last = value
            return rise
        }
        return unusualIncrement(from: &last, to: value)
    }

    private mutating func unusualIncrement(from last: inout Double, to value: Double) -> Double {
        var series = WatchedSeries(roles: .none)
        series.last = last.isNaN ? nil : last
        series.value = value
        let increment = increment(of: &series)
        last = series.last ?? .nan
        return increment ?? 0
    }

    private mutating func rise(to value: Double, from last: Double) -> Double {
        if value >= last { return value - last }
        guard Self.hasFallen(from: last, to: value) else { return 0 }
        resets += 1
        return value
    }

    /// Whether a counter has begun anew, as far as its value tells. Counting a lifetime because of a fall by one would
    /// drown what happened since the page before; and a process that begins anew hardly ever comes to within a hundredth
    /// of its old count between two pages.
    static func hasFallen(from last: Double?, to value: Double) -> Bool { value < (last ?? 0) * (1 - slip) }

    /// Part of the last value by which a counter may fall without having begun anew: exporters that round a difference,
    /// or read several counters one after the other, show such falls.
    private static let slip = 0.01

    /// No service does more than this between two scrapes. A page that says so is broken, and its number would drown
    /// all later ones: a running total of 1e300 does not change any more when a hundred is added to it.
    private static let largestIncrement = 1e13
}
