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

    /// Bounds from `smallest` to `largest`, or a mean, that are usual for milliseconds and rare for seconds. A service that
    /// takes minutes for an answer has them as well, so this is a reason to ask and not to decide.
    public static func isDoubtfulInSeconds(smallest: Double, largest: Double) -> Bool {
        largest >= implausibleSeconds || (smallest >= 0.5 && largest >= 100)
    }

    /// A longer mean of the answers is rather one of milliseconds.
    public static let doubtfulMeanSeconds = 5.0

    /// What a metric's name says: `istio_request_duration_milliseconds`, `latency_ms`, `rpc.duration.us`, `latencyMs`,
    /// `request_duration_ms_histogram`. Nil for a name without a unit.
    public init?(nameOf metric: String) {
        var parts = LatencyUnit.parts(metric)
        while let last = parts.last, LatencyUnit.trailing.contains(last) { parts.removeLast() }
        guard let last = parts.last else { return nil }
        if let unit = LatencyUnit.names[last] ?? LatencyUnit.symbols[last] {
            self = unit
        } else if let unit = parts.reversed().lazy.compactMap({ LatencyUnit.names[$0] }).first {
            self = unit
        } else {
            return nil
        }
    }

    /// The parts of a name in lower case: `request_latencyMs` as `request`, `latency`, `ms`.
    private static func parts(_ metric: String) -> [String] {
        var spaced = ""
        var wasLower = false
        for character in metric {
            if wasLower, character.isUppercase { spaced.append("_") }
            wasLower = character.isLowercase
            spaced.append(character)
        }
        return spaced.lowercased().split { $0 == "_" || $0 == "." || $0 == ":" }.map(String.init)
    }

    /// What may follow the unit in a name.
    private static let trailing: Set<String> = [
        "bucket", "sum", "count", "total", "histogram", "hist", "summary", "distribution",
    ]
    /// Found anywhere in a name.
    private static let names: [String: LatencyUnit] = [
        "seconds": .seconds,
        "milliseconds": .milliseconds, "millis": .milliseconds, "millisecond": .milliseconds, "milli": .milliseconds,
        "millisec": .milliseconds, "millisecs": .milliseconds,
        "microseconds": .microseconds, "micros": .microseconds, "microsecond": .microseconds,
        "microsec": .microseconds, "microsecs": .microseconds,
        "nanoseconds": .nanoseconds, "nanos": .nanoseconds, "nanosecond": .nanoseconds,
        "nanosec": .nanoseconds, "nanosecs": .nanoseconds,
    ]
    /// Found at the end alone: `us` in the middle of a name is more often a country.
    private static let symbols: [String: LatencyUnit] = [
        "s": .seconds, "second": .seconds, "sec": .seconds, "secs": .seconds, "ms": .milliseconds,
        "msec": .milliseconds,
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
