/// What a rule evaluates, per pool and window.
public enum Indicator: Sendable, Equatable, Hashable, Codable {
    /// Requests per second over the pool.
    case requestRate
    /// Failed requests by requests, 0...1.
    case errorRate
    /// Mean latency, seconds.
    case latencyMean
    /// A latency percentile in seconds; the quantile is 0...1 (`latency_p99.9` is 0.999).
    case latencyQuantile(Double)
    /// One that the release defines.
    case own(OwnIndicator)

    /// What an indicator's values measure.
    public enum Measure: String, Sendable, Equatable, Hashable, Codable {
        /// A ratio of two counts: 0...1 for the error rate; an indicator of one's own may be above 1.
        case share
        case perSecond = "per_second"
        case seconds
        /// Whatever the exporter counts.
        case number
    }

    public var measure: Measure {
        switch self {
        case .requestRate: .perSecond
        case .errorRate: .share
        case .latencyMean, .latencyQuantile: .seconds
        case .own(let own): own.measure
        }
    }

    /// The name used in rule files: `request_rate`, `error_rate`, `latency_mean`, `latency_p99`.
    public var name: String {
        switch self {
        case .requestRate: "request_rate"
        case .errorRate: "error_rate"
        case .latencyMean: "latency_mean"
        case .latencyQuantile(let quantile): "latency_p" + Indicator.percentText(quantile)
        case .own(let indicator): indicator.name
        }
    }

    /// Reads a built-in indicator's name as rule files write it; nil for another one. Percentiles lie strictly between 0 and 100, with at
    /// most three digits after the point.
    public init?(name: String) {
        switch name {
        case "request_rate": self = .requestRate
        case "error_rate": self = .errorRate
        case "latency_mean": self = .latencyMean
        default:
            guard name.hasPrefix("latency_p") else { return nil }
            guard let millis = Indicator.thousandths(name.dropFirst("latency_p".count)) else { return nil }
            self = .latencyQuantile(Double(millis) / 100_000)
        }
    }

    /// `99.9` as 99 900; nil unless it is a plain decimal between 0 and 100, both excluded.
    private static func thousandths(_ text: Substring) -> Int? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, (1...2).contains(whole.count) else { return nil }
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard (1...3).contains(fraction.count) else { return nil }
        guard (whole + fraction).utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        let padded = String(fraction) + String(repeating: "0", count: 3 - fraction.count)
        guard let value = Int(whole + padded), value > 0 else { return nil }
        return value
    }

    /// 0.999 as `99.9`. Works in thousandths of a percent so that binary fractions do not show.
    private static func percentText(_ quantile: Double) -> String {
        let thousandths = Int((quantile * 100_000).rounded())
        let (whole, rest) = thousandths.quotientAndRemainder(dividingBy: 1_000)
        guard rest > 0 else { return String(whole) }
        var digits = String(rest + 1_000).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)"
    }
}
