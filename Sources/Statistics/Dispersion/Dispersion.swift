import Glibc

/// The dispersion factor of one kind of bad event: how many times fewer independent events there are than were counted.
///
/// Errors come in clusters (retries, a bad connection pool, a pause of the garbage collector). With clusters of ten, ten
/// errors say as much as one. The factor is learned from the instances of *one* pool against each other, which run the same
/// version: their differences are not the version's. In blocks of 5, 15 and 60 s it takes the Pearson statistic between
/// instances, weighted by the block's errors, and is shrunk towards 2 while there are few errors.
///
/// It sees what happens between baseline instances. It does not see clusters that only the canary has, or ones longer than
/// a minute; see docs/reference/statistics.md.
public struct Dispersion: Sendable, Equatable, Codable {
    /// How the factor is learned.
    public struct Settings: Sendable, Equatable, Codable {
        public var blockSeconds: [Double]
        /// The factor that is supposed before there are data, and the errors that this opinion is worth.
        public var supposed: Double
        public var supposedErrors: Double
        /// Standard errors that are added to the estimate.
        public var caution: Double

        public init(
            blockSeconds: [Double] = [5, 15, 60], supposed: Double = 2, supposedErrors: Double = 20,
            caution: Double = 1.2815515655446004
        ) {
            self.blockSeconds = blockSeconds
            self.supposed = supposed
            self.supposedErrors = supposedErrors
            self.caution = caution
        }
    }

    public let settings: Settings
    private var scales: [DispersionScale]
    /// Nil in records of versions that did not have it.
    private var wander: InstanceWander?
    /// Bad events seen, in closed blocks and in open ones.
    public private(set) var errors = 0.0

    public init(_ settings: Settings = Settings()) {
        self.settings = settings
        scales = settings.blockSeconds.map { DispersionScale(seconds: $0) }
    }

    /// Takes in a scrape cycle of one pool.
    ///
    /// - Parameters:
    ///   - endSeconds: the cycle's end on any clock that does not go back.
    ///   - coveredSeconds: the cycle's length.
    ///   - history: what the instances did so far, these counts among it: each one is compared with its own rate before the
    ///     block, so that an instance which is worse for good is not taken for clusters. Nil: with the pool's.
    public mutating func take(
        _ counts: InstanceCounts, endSeconds: Double, coveredSeconds: Double,
        history: InstanceCounts? = nil
    ) {
        for slot in 0..<counts.slots { errors += counts.bad[slot] }
        for index in scales.indices { take(counts, scale: index, endSeconds, coveredSeconds, history) }
    }

    private mutating func take(
        _ counts: InstanceCounts, scale: Int, _ endSeconds: Double, _ coveredSeconds: Double,
        _ history: InstanceCounts?
    ) {
        let began = scales[scale].beganAt ?? endSeconds - coveredSeconds
        scales[scale].beganAt = began
        for slot in 0..<counts.slots where counts.requests[slot] > 0 {
            scales[scale].open.add(requests: counts.requests[slot], bad: counts.bad[slot], slot: slot)
        }
        // Scrape times are not exact; a block may end a rounding error early.
        guard endSeconds - began >= scales[scale].seconds - 1e-9 else { return }
        if scale == scales.count - 1 {
            if wander == nil { wander = InstanceWander() }
            let known = factor
            wander?.take(scales[scale].open, dispersion: known)
        }
        scales[scale].close(history: history)
        scales[scale].beganAt = endSeconds
    }

    /// What a record does not hold.
    mutating func forgetOpenBlocks() {
        for index in scales.indices { scales[index].forgetOpenBlock() }
        wander?.forgetOpenWindows()
    }

    /// The factor of the shortest blocks alone, at least 1: for evidence whose margin covers what lasts longer.
    public var briefFactor: Double { scales.first.map { max(1, estimate($0)) } ?? factor }

    /// The largest standard deviation of the log rate between instances in windows of one and of five minutes, beyond
    /// ``briefFactor``.
    var wanderDeviation: Double { wander?.deviation(dispersion: briefFactor) ?? 0 }

    /// See ``InstanceWander/hourlyDrift``.
    var hourlyDrift: Double? { wander?.hourlyDrift }

    /// The factor now, at least 1.
    public var factor: Double {
        var largest = 1.0
        for scale in scales { largest = max(largest, estimate(scale)) }
        return largest
    }

    private func estimate(_ scale: DispersionScale) -> Double {
        var seen = settings.supposed
        if scale.weight > 0 {
            let error = settings.caution * (2 * scale.variance).squareRoot() / scale.weight
            seen = scale.weighted / scale.weight * (1 + error)
        }
        return (settings.supposedErrors * settings.supposed + errors * seen) / (settings.supposedErrors + errors)
    }
}
