import Model

/// What one instance reports, over about the last minute: for people who ask which instance differs. Rules judge pools.
package struct TargetFigures: Codable, Sendable, Equatable {
    @ExplicitNull package var requestRatePerSecond: Double?
    /// Requests that the shares are of.
    package var requests: Double
    /// 0...1; nil without requests, and where the instance does not say how they ended.
    @ExplicitNull package var errorRate: Double?
    /// Nil without a sum of latencies.
    @ExplicitNull package var latencyMeanSeconds: Double?
    /// In what it differs from the other instances of its pool, as a sentence; nil where it does not.
    @ExplicitNull package var differs: String?

    /// Nil for an instance that does not answer.
    init?(_ target: TargetSnapshot, among pool: [TargetSnapshot]) {
        guard let figures = target.figures else { return nil }
        requestRatePerSecond = figures.requestRate
        requests = figures.requests
        errorRate = figures.errorRate
        latencyMeanSeconds = figures.latencyMean
        let others = pool.filter { $0.instance != target.instance }.compactMap(\.figures)
        differs = InstanceDifference(figures, others).text
    }

    enum CodingKeys: String, CodingKey {
        case requests, differs
        case requestRatePerSecond = "request_rate_per_second"
        case errorRate = "error_rate"
        case latencyMeanSeconds = "latency_mean_seconds"
    }
}

extension TargetSnapshot.Figures {
    /// 0...1.
    fileprivate var errorRate: Double? { requests > 0 ? errors.map { min(1, $0 / requests) } : nil }
}

/// Whether an instance differs from the others of its pool by more than chance. A hint for people, shown all the time, so its
/// bars are high; no decision rests on it.
struct InstanceDifference {
    /// Standard deviations between two shares of errors.
    private static let leastDeviations = 5.0
    /// Failed requests that may be a coincidence.
    private static let leastErrors = 5.0
    /// A mean latency so many times that of the others, over so many requests on both sides.
    private static let latencyFactor = 2.0
    private static let latencyRequests = 50.0

    /// Nil where it does not differ.
    let text: String?

    init(_ own: TargetSnapshot.Figures, _ others: [TargetSnapshot.Figures]) {
        text = Self.errors(own, others) ?? Self.latency(own, others)
    }

    /// Two shares are compared by the normal approximation of their difference.
    private static func errors(_ own: TargetSnapshot.Figures, _ others: [TargetSnapshot.Figures]) -> String? {
        let counted = others.filter { $0.errors != nil && $0.requests > 0 }
        let (requests, errors) = (counted.reduce(0) { $0 + $1.requests }, counted.reduce(0) { $0 + ($1.errors ?? 0) })
        guard let rate = own.errorRate, let failed = own.errors, requests > 0 else { return nil }
        let rest = min(1, errors / requests)
        let expected = rest * own.requests
        guard abs(failed - expected) >= leastErrors else { return nil }
        let joint = min(1, (failed + errors) / (own.requests + requests))
        let deviation = (joint * (1 - joint) * (1 / own.requests + 1 / requests)).squareRoot()
        guard abs(rate - rest) >= leastDeviations * deviation else { return nil }
        return "\(percent(rate)) of \(Int(own.requests.rounded())) requests fail; at the others \(percent(rest))"
    }

    private static func latency(_ own: TargetSnapshot.Figures, _ others: [TargetSnapshot.Figures]) -> String? {
        let measured = others.filter { $0.latencyMean != nil && $0.requests > 0 }
        let requests = measured.reduce(0) { $0 + $1.requests }
        guard let mean = own.latencyMean, own.requests >= latencyRequests, requests >= latencyRequests else {
            return nil
        }
        let rest = measured.reduce(0) { $0 + ($1.latencyMean ?? 0) * $1.requests } / requests
        guard mean >= latencyFactor * rest || rest >= latencyFactor * mean else { return nil }
        return "requests take \(milliseconds(mean)) on average; at the others \(milliseconds(rest))"
    }

    private static func percent(_ share: Double) -> String { "\(rounded(share * 100)) %" }

    private static func milliseconds(_ seconds: Double) -> String { "\(rounded(seconds * 1_000)) ms" }

    /// Two decimals at the most.
    private static func rounded(_ value: Double) -> String {
        let number = (value * 100).rounded() / 100
        return number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : String(number)
    }
}
