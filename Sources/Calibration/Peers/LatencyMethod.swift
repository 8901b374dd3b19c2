import Statistics
import Telemetry

/// A way to decide on a release from its latency histograms.
struct LatencyMethod: Sendable {
    let name: String
    let firstAlarm: @Sendable (LatencyRecord) -> Double?

    static let peers: [LatencyMethod] = [
        LatencyMethod(name: "Flagger, p99 <= 500 ms") { record in
            Flagger().firstAlarm(scrapes: record.scrapes) { start, end in
                p99(record.canary(from: start, to: end)) <= 0.5
            }
        },
        LatencyMethod(name: "p99 > 1.2x, for 5m") { record in ratio(record, 1.2) },
        LatencyMethod(name: "p99 > 1.5x, for 5m") { record in ratio(record, 1.5) },
        LatencyMethod(name: "Kayenta on p99") { record in
            Kayenta().firstAlarm(scrapes: record.scrapes) { start, end in
                let pair = (p99(record.baseline(from: start, to: end)), p99(record.canary(from: start, to: end)))
                return (pair.0.isNaN ? nil : pair.0, pair.1.isNaN ? nil : pair.1)
            }
        },
        LatencyMethod(name: "z-test 1 % on all boundaries") { record in repeatedZ(record) },
    ]

    /// Prometheus' `histogram_quantile(0.99, …)`; NaN without answers, and then no comparison is true.
    private static func p99(_ cumulative: [Double]) -> Double {
        HistogramQuantile.value(
            0.99, upperBounds: LatencyModel.boundsSeconds + [.infinity], cumulative: cumulative)
    }

    private static func ratio(_ record: LatencyRecord, _ times: Double) -> Double? {
        RatioRule(ratio: times, forScrapes: 60).firstAlarm(scrapes: record.scrapes) { start, end in
            p99(record.canary(from: start, to: end)) > times * p99(record.baseline(from: start, to: end))
        }
    }

    /// At each scrape on all data so far, each boundary at 1 % by their number (Bonferroni).
    private static func repeatedZ(_ record: LatencyRecord) -> Double? {
        let point = 3.1184286123025298  // exceeded with probability 0.01 / 11
        for end in 1...max(1, record.scrapes) {
            let (baseline, canary) = (record.baseline(from: 0, to: end), record.canary(from: 0, to: end))
            for index in LatencyModel.boundsSeconds.indices {
                let (all, other) = (baseline[baseline.count - 1], canary[canary.count - 1])
                let counts = PairCounts(
                    baselineRequests: all, baselineBad: all - baseline[index], canaryRequests: other,
                    canaryBad: other - canary[index])
                if RepeatedZ.statistic(counts) > point { return seconds(end) }
            }
        }
        return nil
    }
}
