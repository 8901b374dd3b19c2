import Glibc

/// How much the instances of one version differ from each other for good: the standard deviation of the logarithm of their
/// bad rates. A canary of two instances can be worse than the baseline because one of them sits on a bad node; this says by
/// how much that happens without any release.
public struct InstanceSpread: Sendable, Equatable, Codable {
    private(set) var counts = InstanceCounts(slots: 0)

    public init() {}

    /// Takes in a scrape cycle of one pool, by slot.
    public mutating func take(_ more: InstanceCounts) {
        counts.add(more)
    }

    /// Halves what was seen, so that what instances did long ago counts less and less.
    mutating func fade() { counts.scale(by: 0.5) }

    /// Standard deviation of the log bad rate between instances, beyond what chance explains; nil with fewer than two
    /// instances or without bad events.
    ///
    /// - Parameter dispersion: how many times the variance of counts exceeds that of independent events.
    public func logDeviation(dispersion: Double) -> Double? {
        let (requests, bad) = (counts.requests.reduce(0, +), counts.bad.reduce(0, +))
        guard bad > 0, requests > bad else { return nil }
        let rate = bad / requests
        var (instances, squares, noise, expectedSquares) = (0, 0.0, 0.0, 0.0)
        for slot in 0..<counts.slots where counts.requests[slot] > 0 {
            let expected = counts.requests[slot] * rate
            let excess = counts.bad[slot] - expected
            instances += 1
            squares += excess * excess
            noise += dispersion * expected * (1 - rate) * (1 - counts.requests[slot] / requests)
            expectedSquares += expected * expected * (1 - counts.requests[slot] / requests)
        }
        guard instances >= 2, expectedSquares > 0 else { return nil }
        return max(0, (squares - noise) / expectedSquares).squareRoot()
    }
}
