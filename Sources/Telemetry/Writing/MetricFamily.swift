/// One metric family of an exporter: its name, type, label names and help text.
public struct MetricFamily: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case counter
        case gauge
        /// Upper bounds of the buckets, ascending, without +Inf.
        case histogram([Double])

        /// The type's name in a `# TYPE` line.
        var typeName: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// The full metric name, `rollguard_scrapes_total`.
    public let name: String
    public let kind: Kind
    /// Label names, in the order in which samples give their values.
    public let labels: [String]
    /// The text of the `# HELP` line.
    public let help: String

    public init(_ name: String, _ kind: Kind, _ labels: [String] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
    }

    /// The bucket bounds of a histogram; empty for the other kinds.
    public var bounds: [Double] {
        if case .histogram(let bounds) = kind { bounds } else { [] }
    }
}
