/// Why a scrape body cannot be read. Nothing of such a body counts: a half-read body would pass for a service that lost
/// half of its requests.
public struct ExpositionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1; 0 when it is the scrape body as a whole.
    public let line: Int
    /// What was expected and what was there.
    public let reason: String

    public init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }

    /// `line 12: expected a value after the metric's name, got 'abc'`
    public var description: String { line > 0 ? "line \(line): \(reason)" : reason }
}
