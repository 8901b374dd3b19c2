import Model

/// What a pool's targets said about one signal in one window.
enum SignalView: Sendable, Equatable {
    case counter(CounterView)
    case gauge(GaugeView)
    case histogram(HistogramView)
}

/// A counter in a window.
struct CounterView: Sendable, Equatable {
    /// What was counted; nil when no target had the counter.
    var increase: Double?
    /// Per second, by the time in which it was counted: see ``CoveredRates``.
    var rate: Double?
}

/// A histogram in a window.
struct HistogramView: Sendable, Equatable {
    var count = 0.0
    /// The bounds that all histograms with counts in the window have, rising.
    var upperBounds: [Double] = []
    /// One per bound.
    var cumulative: [Double] = []
    /// The sets of bounds of the histograms with counts in the window.
    var layouts: [[Double]] = []
}

/// A gauge in a window, for each way of joining the instances.
struct GaugeView: Sendable, Equatable {
    /// Nil without a cycle in the window that has a value; `last` is nil as well when the last cycle has none.
    struct OverTime: Sendable, Equatable {
        private var first = true
        private var (low, high, sum, count) = (0.0, 0.0, 0.0, 0.0)
        private var latest: Double?

        /// Values come in the order of time; NaN for a cycle without one.
        mutating func add(_ value: Double) {
            latest = value.isNaN ? nil : value
            guard !value.isNaN else { return }
            (low, high) = first ? (value, value) : (Swift.min(low, value), Swift.max(high, value))
            (first, sum, count) = (false, sum + value, count + 1)
        }

        subscript(over: OwnIndicator.OverTime) -> Double? {
            if over == .last { return latest }
            guard count > 0 else { return nil }
            return switch over {
            case .min: low
            case .max: high
            case .mean, .last: sum / count
            }
        }
    }

    var sum = OverTime()
    var max = OverTime()
    var mean = OverTime()

    subscript(across: OwnIndicator.AcrossInstances) -> OverTime {
        switch across {
        case .sum: sum
        case .max: max
        case .mean: mean
        }
    }
}

extension WindowView {
    func counter(_ signal: Int) -> CounterView? {
        guard signals.indices.contains(signal), case .counter(let view) = signals[signal] else { return nil }
        return view
    }

    func gauge(_ signal: Int) -> GaugeView? {
        guard signals.indices.contains(signal), case .gauge(let view) = signals[signal] else { return nil }
        return view
    }

    func histogram(_ signal: Int) -> HistogramView? {
        guard signals.indices.contains(signal), case .histogram(let view) = signals[signal] else { return nil }
        return view
    }
}
