/// One block length of a ``Dispersion``: the open block, and the sums over the closed ones.
struct DispersionScale: Sendable, Equatable {
    let seconds: Double
    var open = InstanceCounts(slots: 0)
    var beganAt: Double?
    /// Bad events of the closed blocks, each block's times its statistic, and each one's square by its freedom.
    private(set) var weight = 0.0
    private(set) var weighted = 0.0
    private(set) var variance = 0.0

    init(seconds: Double) { self.seconds = seconds }

    mutating func forgetOpenBlock() { (open, beganAt) = (InstanceCounts(slots: 0), nil) }

    /// Adds the open block to the sums. A block with one instance, without bad events or with nothing else says nothing.
    ///
    /// - Parameter history: what the instances did so far, the block among it; nil: they are taken to be alike.
    mutating func close(history: InstanceCounts?) {
        defer { open.clear() }
        var (instances, requests, bad) = (0, 0.0, 0.0)
        for slot in 0..<open.slots where open.requests[slot] > 0 {
            instances += 1
            requests += open.requests[slot]
            bad += open.bad[slot]
        }
        guard instances >= 2, bad > 0, bad < requests else { return }
        let own = OwnRates(history: history, without: open)
        var expectedSum = 0.0
        for slot in 0..<open.slots where open.requests[slot] > 0 {
            expectedSum += open.requests[slot] * own.relativeRate(slot)
        }
        var statistic = 0.0
        for slot in 0..<open.slots where open.requests[slot] > 0 {
            let expected = open.requests[slot] * own.relativeRate(slot) * bad / expectedSum
            let share = min(expected / open.requests[slot], OwnRates.largestShare)
            let excess = open.bad[slot] - expected
            statistic += excess * excess / (expected * (1 - share) * (1 + expected * own.relativeVariance(slot)))
        }
        let freedom = Double(instances - 1)
        weight += bad
        weighted += bad * statistic / freedom
        variance += bad * bad / freedom
    }
}

/// The instances' bad rates before a block, relative to their pool's: what persists is no cluster.
struct OwnRates {
    /// Bad events that "all alike" is worth.
    private static let shrinkage = 20.0
    static let largestShare = 0.999

    private let history: InstanceCounts?
    private let block: InstanceCounts
    /// The pool's rate; 0 while nothing is known.
    private let rate: Double

    init(history: InstanceCounts?, without block: InstanceCounts) {
        (self.history, self.block) = (history, block)
        var (requests, bad) = (0.0, 0.0)
        if let history {
            for slot in 0..<history.slots {
                let before = OwnRates.before(history, block, slot)
                requests += before.requests
                bad += before.bad
            }
        }
        rate = requests > 0 ? bad / requests : 0
    }

    /// 1 where nothing is known.
    @inline(__always)
    func relativeRate(_ slot: Int) -> Double {
        guard let history, rate > 0, slot < history.slots else { return 1 }
        let before = OwnRates.before(history, block, slot)
        return (before.bad + OwnRates.shrinkage) / (before.requests * rate + OwnRates.shrinkage)
    }

    /// Of ``relativeRate(_:)``, by chance, in parts of its square; 0 where nothing is known.
    @inline(__always)
    func relativeVariance(_ slot: Int) -> Double {
        guard let history, rate > 0, slot < history.slots else { return 0 }
        let expected = OwnRates.before(history, block, slot).requests * rate
        return expected / ((expected + OwnRates.shrinkage) * (expected + OwnRates.shrinkage))
    }

    @inline(__always)
    private static func before(
        _ history: InstanceCounts, _ block: InstanceCounts, _ slot: Int
    ) -> (requests: Double, bad: Double) {
        guard slot < block.slots else { return (history.requests[slot], history.bad[slot]) }
        // The history fades, so that a block may be more than what is left of it.
        let requests = max(0, history.requests[slot] - block.requests[slot])
        return (requests, min(max(0, history.bad[slot] - block.bad[slot]), requests))
    }
}

/// The sums are stored, the open blocks are not: after a restart a new block begins, and at most a minute is not
/// learned from.
extension DispersionScale: Codable {
    private enum Keys: String, CodingKey { case seconds, weight, weighted, variance }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Keys.self)
        seconds = try fields.decode(Double.self, forKey: .seconds)
        weight = try fields.decode(Double.self, forKey: .weight)
        weighted = try fields.decode(Double.self, forKey: .weighted)
        variance = try fields.decode(Double.self, forKey: .variance)
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Keys.self)
        try fields.encode(seconds, forKey: .seconds)
        try fields.encode(weight, forKey: .weight)
        try fields.encode(weighted, forKey: .weighted)
        try fields.encode(variance, forKey: .variance)
    }
}
