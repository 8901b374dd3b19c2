/// What both pools did in a stretch of time, for one kind of bad event: an error, or an answer slower than a boundary.
///
/// Counts are whole numbers kept as `Double` (exact to 2^53), because counters arrive as such.
public struct PairCounts: Sendable, Equatable, Codable {
    public var baselineRequests: Double
    /// At most ``baselineRequests``.
    public var baselineBad: Double
    public var canaryRequests: Double
    /// At most ``canaryRequests``.
    public var canaryBad: Double

    public init(baselineRequests: Double, baselineBad: Double, canaryRequests: Double, canaryBad: Double) {
        self.baselineRequests = baselineRequests
        self.baselineBad = baselineBad
        self.canaryRequests = canaryRequests
        self.canaryBad = canaryBad
    }

    /// Nothing happened.
    public static let zero = PairCounts(baselineRequests: 0, baselineBad: 0, canaryRequests: 0, canaryBad: 0)

    public static func += (left: inout PairCounts, right: PairCounts) {
        left.baselineRequests += right.baselineRequests
        left.baselineBad += right.baselineBad
        left.canaryRequests += right.canaryRequests
        left.canaryBad += right.canaryBad
    }

    public var requests: Double { baselineRequests + canaryRequests }
    public var bad: Double { baselineBad + canaryBad }
    /// Nil without requests.
    public var baselineRate: Double? { baselineRequests > 0 ? baselineBad / baselineRequests : nil }
    /// Nil without requests.
    public var canaryRate: Double? { canaryRequests > 0 ? canaryBad / canaryRequests : nil }
    /// The canary's bad rate by the baseline's; nil while it cannot be computed.
    public var ratio: Double? {
        guard let canaryRate, let baselineRate, baselineRate > 0 else { return nil }
        return canaryRate / baselineRate
    }

    /// Finite, not negative, never more bad ones than requests. Detectors leave other counts out, whole.
    public var isUsable: Bool {
        baselineBad >= 0 && canaryBad >= 0 && baselineBad <= baselineRequests && canaryBad <= canaryRequests
            && requests.isFinite
    }
}
