/// Names the series that an indicator counts: a metric name and conditions on labels, as in
/// `http_requests_total{code=~"5.."}`.
public struct SeriesSelector: Sendable, Equatable, Codable {
    /// How a label's value is compared. An absent label has the empty value, as in PromQL.
    public enum Comparison: String, Sendable, Equatable, Codable {
        case equal = "="
        case notEqual = "!="
        /// The whole value matches the regular expression (anchored at both ends).
        case matches = "=~"
        case doesNotMatch = "!~"
    }

    public struct Matcher: Sendable, Equatable, Codable {
        public var label: String
        public var comparison: Comparison
        public var value: String

        public init(label: String, comparison: Comparison, value: String) {
            self.label = label
            self.comparison = comparison
            self.value = value
        }
    }

    /// The metric's name. For a latency indicator the base name, without `_bucket`, `_sum` or `_count`.
    public var metric: String
    /// Every matcher must hold.
    public var matchers: [Matcher]

    public init(metric: String, matchers: [Matcher] = []) {
        self.metric = metric
        self.matchers = matchers
    }
}
