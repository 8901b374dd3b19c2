/// An indicator that a release defines itself, made from the signals of its watch list.
public struct OwnIndicator: Sendable, Equatable, Hashable, Codable {
    /// Numbers are indices in the watch list's `signals`.
    public enum Formula: Sendable, Equatable, Hashable, Codable {
        /// Of two counters' rises in the window.
        case ratio(numerator: Int, denominator: Int)
        /// A counter's rise per second, as a sum over the targets.
        case rate(counter: Int)
        /// A counter's rise in the window, as a sum over the targets.
        case increase(counter: Int)
        case gauge(Int, over: OverTime, across: AcrossInstances)
        /// A quantile, 0...1, of a histogram.
        case quantile(histogram: Int, Double)
    }

    /// What a gauge's values of the cycles in a window are made into.
    public enum OverTime: String, Sendable, Equatable, Hashable, Codable, CaseIterable {
        case last, min, max, mean
    }

    /// What a gauge's series of all targets are made into, cycle by cycle.
    public enum AcrossInstances: String, Sendable, Equatable, Hashable, Codable, CaseIterable {
        case sum, max, mean
    }

    /// Unique in a release, and no built-in indicator's name: letters, digits and `_`, not beginning with a digit.
    public var name: String
    public var formula: Formula
    public var measure: Indicator.Measure

    public init(name: String, formula: Formula, measure: Indicator.Measure) {
        self.name = name
        self.formula = formula
        self.measure = measure
    }

    /// The quantile of a histogram, which has notes and obstacles of its own.
    package var quantile: (signal: Int, quantile: Double)? {
        guard case .quantile(let signal, let quantile) = formula else { return nil }
        return (signal, quantile)
    }
}
