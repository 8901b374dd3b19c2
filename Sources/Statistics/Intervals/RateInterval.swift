import Glibc

/// A bad rate with an interval that holds at all times at once, so it may be evaluated after every scrape.
///
/// It is the confidence sequence of a Beta(1/2, 1/2) mixture: the rates that the evidence of the mixture does not exclude.
/// It speaks of a rate that stays what it is; while the rate moves, it is a description of the mean so far.
public struct RateInterval: Sendable, Equatable, Codable {
    /// The ends, 0...1.
    public var low: Double
    public var high: Double

    public init(low: Double, high: Double) {
        self.low = low
        self.high = high
    }

    /// - Parameters:
    ///   - error: the probability that the rate is ever outside.
    ///   - dispersion: counts are divided by it, as if there were so many fewer events.
    public init(bad: Double, requests: Double, error: Double, dispersion: Double = 1) {
        let (bad, requests) = (bad / dispersion, requests / dispersion)
        guard requests > 0 else {
            self.init(low: 0, high: 1)
            return
        }
        let bar = log(1 / error)
        let rate = bad / requests
        let mixed = RateInterval.mixture(bad: bad, requests: requests)
        func isExcluded(_ q: Double) -> Bool {
            mixed - RateInterval.likelihood(bad: bad, requests: requests, rate: q) >= bar
        }
        self.init(
            low: bad == 0 ? 0 : RateInterval.edge(inside: rate, outside: 0, isExcluded),
            high: bad == requests ? 1 : RateInterval.edge(inside: rate, outside: 1, isExcluded))
    }

    /// log evidence against "the rate is `rate`", valid at all times; 0 without requests.
    public static func logE(bad: Double, requests: Double, rate: Double) -> Double {
        guard requests > 0 else { return 0 }
        return mixture(bad: bad, requests: requests) - likelihood(bad: bad, requests: requests, rate: rate)
    }

    private static func mixture(bad: Double, requests: Double) -> Double {
        logGamma(bad + 0.5) + logGamma(requests - bad + 0.5) - logGamma(requests + 1) - log(Double.pi)
    }

    private static func likelihood(bad: Double, requests: Double, rate: Double) -> Double {
        var sum = 0.0
        if bad > 0 { sum += bad * log(rate) }
        if requests > bad { sum += (requests - bad) * log1p(-rate) }
        return sum
    }

    /// The last rate that is not excluded, going from inside to outside, by halving; errs to the outside.
    private static func edge(inside: Double, outside: Double, _ isExcluded: (Double) -> Bool) -> Double {
        var (inside, outside) = (inside, outside)
        for _ in 0..<60 {
            let middle = (inside + outside) / 2
            if isExcluded(middle) { outside = middle } else { inside = middle }
            if abs(outside - inside) < 1e-9 * max(outside, inside) { break }
        }
        return outside
    }
}
