import Glibc

/// Latency as a lognormal distribution (median 80 ms, p99 323 ms) in the buckets that client libraries have by default.
struct LatencyModel {
    /// The client libraries' default boundaries.
    static let boundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// With two more beside the p99, so that a change of a tenth can be seen.
    static let finerBoundsSeconds = (boundsSeconds + [0.33, 0.37]).sorted()
    private static let median = log(0.08)
    private static let deviation = 0.6
    /// The standard normal distribution's 90th and 99th percentiles.
    private static let point90 = 1.2815515655446004
    private static let point99 = 2.3263478740408408

    /// The share of answers slower than each boundary.
    ///
    /// - Parameter speed: multiplies all latencies: 1 for none.
    static func slowShares(_ kind: Fault.Kind, speed: Double, bounds: [Double] = boundsSeconds) -> [Double] {
        bounds.map { bound in
            let usual = tail(unstretched(bound / speed, kind))
            guard case .stuck = kind else { return usual }
            return 0.99 * usual + 0.01
        }
    }

    /// Where an answer at this bound would have been without the stretching of all that is above the p90.
    private static func unstretched(_ bound: Double, _ kind: Fault.Kind) -> Double {
        guard case .tail(let times) = kind else { return bound }
        let (p90, p99) = (exp(median + deviation * point90), exp(median + deviation * point99))
        guard bound > p90 else { return bound }
        let stretch = (times * p99 - p90) / (p99 - p90)
        return p90 + (bound - p90) / stretch
    }

    private static func tail(_ seconds: Double) -> Double {
        0.5 * erfc((log(seconds) - median) / deviation / 2.0.squareRoot())
    }
}
