/// The share of traffic per version. Absolute, never "lower by"; what the canary does not get, the baseline gets.
public struct Split: Sendable, Equatable {
    /// The canary's share in basis points, 0...10 000.
    public var canaryBasisPoints: Int

    public init(canaryBasisPoints: Int) {
        precondition((0...10_000).contains(canaryBasisPoints), "a share is 0...10000 basis points")
        self.canaryBasisPoints = canaryBasisPoints
    }

    public var baselineBasisPoints: Int { 10_000 - canaryBasisPoints }

    /// Everything to the old version: the rollback.
    public static let allBaseline = Split(canaryBasisPoints: 0)
}
