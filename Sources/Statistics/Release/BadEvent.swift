/// What is counted as bad.
public enum BadEvent: Sendable, Equatable, Codable {
    /// A failed request.
    case error
    /// An answer slower than a histogram's boundary.
    case slowerThan(seconds: Double)
}
