/// From a fault to the call that answers it, nanoseconds on one clock.
struct FaultTimes: Equatable {
    /// The canary begins to fail.
    var faultNs: Int64
    /// The first scrape after which the rule holds on what has been scraped: no program can know it sooner.
    var decidingNs: Int64
    /// The router's admin API (or the Alertmanager) is called.
    var callNs: Int64

    var totalMs: Double { Double(callNs - faultNs) / 1e6 }
    var statisticalMs: Double { Double(decidingNs - faultNs) / 1e6 }
    var pipelineMs: Double { Double(callNs - decidingNs) / 1e6 }
}

/// The rule of the latency rows, `canary > 2 * baseline and canary > 1%` over ten seconds, on the scrape bodies that
/// were served.
enum DecidingScrape {
    static let windowNs: Int64 = 10_000_000_000

    /// When the deciding scrape body was served; nil when there is none.
    ///
    /// - Parameter visits: of the canary alone, in order, beginning at least a window before the fault.
    static func find(in visits: [Visit], faultNs: Int64, limit: Double) -> Int64? {
        for (index, visit) in visits.enumerated() where visit.atNs > faultNs {
            let earlier = visits[..<index].filter { visit.atNs - $0.atNs <= windowNs + windowNs / 20 }
            guard let first = earlier.first, visit.requests > first.requests else { continue }
            if (visit.errors - first.errors) / (visit.requests - first.requests) > limit { return visit.atNs }
        }
        return nil
    }
}

/// Median, ninth decile and largest of some times.
struct Spread: Sendable, Codable, Equatable {
    var p50: Double
    var p90: Double
    var max: Double

    /// Nil without values. A percentile is the smallest value that at least so many are not above.
    init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        func percentile(_ percent: Int) -> Double { sorted[(sorted.count * percent + 99) / 100 - 1] }
        (p50, p90, max) = (percentile(50), percentile(90), percentile(100))
    }
}

/// What one program needed to act.
struct FaultFigure: Sendable, Codable, Equatable {
    var program: String
    var faults: Int
    /// Faults that were answered in time.
    var answered: Int
    /// Calls before there was a fault.
    var falseAlarms: Int
    /// Milliseconds.
    var total: Spread?
    var statistical: Spread?
    var pipeline: Spread?
    var load: Double
}
