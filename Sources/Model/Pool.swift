/// The two sides of a release.
public enum Pool: String, Sendable, Equatable, Codable, CaseIterable {
    /// The old version.
    case baseline
    /// The new version.
    case canary
}
