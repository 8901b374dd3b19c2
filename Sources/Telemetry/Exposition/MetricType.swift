/// What a family says it is in its `# TYPE` line.
public enum MetricType: String, Sendable, Equatable, Codable {
    case counter, gauge, histogram, summary
    /// `untyped` in the text format, `unknown` in OpenMetrics.
    case unknown
    case gaugeHistogram = "gaugehistogram"
    case stateSet = "stateset"
    case info

    init?(_ word: String, in format: ExpositionFormat) {
        switch (word, format) {
        case ("counter", _): self = .counter
        case ("gauge", _): self = .gauge
        case ("histogram", _): self = .histogram
        case ("summary", _): self = .summary
        case ("untyped", .prometheusText), ("unknown", .openMetrics): self = .unknown
        case ("gaugehistogram", .openMetrics): self = .gaugeHistogram
        case ("stateset", .openMetrics): self = .stateSet
        case ("info", .openMetrics): self = .info
        default: return nil
        }
    }
}
