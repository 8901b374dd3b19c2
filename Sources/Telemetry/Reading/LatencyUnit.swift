/// In what a latency metric measures. Everything behind the reader is in seconds.
public enum LatencyUnit: String, Sendable, Equatable, Codable, CaseIterable {
    case seconds = "s"
    case milliseconds = "ms"
    case microseconds = "us"
    case nanoseconds = "ns"

    /// Divisor of a value in this unit that gives seconds. Dividing rounds correctly (10 ms become exactly 0.01 s), which
    /// multiplying by 0.001 does not.
    public var perSecond: Double {
        switch self {
        case .seconds: 1
        case .milliseconds: 1e3
        case .microseconds: 1e6
        case .nanoseconds: 1e9
        }
    }

    /// No histogram of answers to requests has so large a bound: more than a quarter of an hour.
    public static let implausibleSeconds = 1_000.0

    /// What a metric's name says: `istio_request_duration_milliseconds`, `latency_ms`, `rpc.duration.us`,
    /// `request_duration_ms_histogram`. Nil for a name without a unit.
    public init?(nameOf metric: String) {
        var parts = metric.lowercased().split { $0 == "_" || $0 == "." || $0 == ":" }.map(String.init)
        while let last = parts.last, LatencyUnit.trailing.contains(last) { parts.removeLast() }
        guard let last = parts.last else { return nil }
        if let unit = LatencyUnit.words[last] ?? LatencyUnit.symbols[last] {
            self = unit
        } else if let unit = parts.reversed().lazy.compactMap({ LatencyUnit.words[$0] }).first {
            self = unit
        } else {
            return nil
        }
    }

    /// What may follow the unit in a name.
    private static let trailing: Set<String> = [
        "bucket", "sum", "count", "total", "histogram", "hist", "summary", "distribution",
    ]
    /// Found anywhere in a name.
    private static let words: [String: LatencyUnit] = [
        "seconds": .seconds, "milliseconds": .milliseconds, "millis": .milliseconds, "millisecond": .milliseconds,
        "microseconds": .microseconds, "micros": .microseconds, "nanoseconds": .nanoseconds, "nanos": .nanoseconds,
    ]
    /// Found at the end alone: `us` in the middle of a name is more often a country.
    private static let symbols: [String: LatencyUnit] = [
        "s": .seconds, "sec": .seconds, "secs": .seconds, "ms": .milliseconds, "msec": .milliseconds,
        "msecs": .milliseconds, "us": .microseconds, "usec": .microseconds, "usecs": .microseconds,
        "ns": .nanoseconds, "nsec": .nanoseconds, "nsecs": .nanoseconds,
    ]

    /// `milliseconds`.
    public var name: String {
        switch self {
        case .seconds: "seconds"
        case .milliseconds: "milliseconds"
        case .microseconds: "microseconds"
        case .nanoseconds: "nanoseconds"
        }
    }
}
