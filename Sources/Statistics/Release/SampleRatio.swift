import Glibc

/// Does the canary get the share of the requests that the router is configured to give it? If not, the pools do not get
/// the same kind of traffic, and no test can compare them.
///
/// The evidence is an anytime-valid test of "the share is as configured", divided by how much more the share moves from
/// cycle to cycle than independent requests would (sticky users). Splitters round, so only a share that is also off by
/// more than a tenth is reported.
public struct SampleRatio: Sendable, Equatable, Codable {
    /// Evidence that is needed: one in a thousand.
    private static let barLogE = 6.907755278982137
    private static let tolerance = 0.1

    private var toldShare: Double?
    private var requests = 0.0
    private var canaryRequests = 0.0
    private var statistic = 0.0
    private var cycles = 0.0

    public init() {}

    /// Takes in a cycle. A new configured share resets the evidence.
    public mutating func take(baselineRequests: Double, canaryRequests: Double, toldShare: Double) {
        guard baselineRequests >= 0, canaryRequests >= 0, (baselineRequests + canaryRequests).isFinite else { return }
        if toldShare != self.toldShare {
            self = SampleRatio()
            self.toldShare = toldShare
            // The cycle in which the share changed belongs to both.
            return
        }
        let all = baselineRequests + canaryRequests
        guard all > 0 else { return }
        if let share = seenShare, share > 0, share < 1 {
            let excess = canaryRequests - all * share
            statistic += excess * excess / (all * share * (1 - share))
            cycles += 1
        }
        requests += all
        self.canaryRequests += canaryRequests
    }

    /// The canary's share of the requests so far; nil without any.
    public var seenShare: Double? { requests > 0 ? canaryRequests / requests : nil }

    /// The configured and the observed share, when that is a mismatch beyond doubt; nil otherwise.
    public var mismatch: (told: Double, seen: Double)? {
        guard let told = toldShare, told > 0, told < 1, let seen = seenShare, cycles >= 5 else { return nil }
        let (lower, upper) = (told * (1 - SampleRatio.tolerance), told * (1 + SampleRatio.tolerance))
        guard seen < lower || seen > upper else { return nil }
        let dispersion = max(1, statistic / cycles)
        let evidence = RateInterval.logE(bad: canaryRequests / dispersion, requests: requests / dispersion, rate: told)
        return evidence >= SampleRatio.barLogE ? (told, seen) : nil
    }
}
