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
    mutating func close() {
        defer { open.clear() }
        var (instances, requests, bad) = (0, 0.0, 0.0)
        for slot in 0..<open.slots where open.requests[slot] > 0 {
            instances += 1
            requests += open.requests[slot]
            bad += open.bad[slot]
        }
        guard instances >= 2, bad > 0, bad < requests else { return }
        let rate = bad / requests
        var statistic = 0.0
        for slot in 0..<open.slots where open.requests[slot] > 0 {
            let expected = open.requests[slot] * rate
            let excess = open.bad[slot] - expected
            statistic += excess * excess / (expected * (1 - rate))
        }
        let freedom = Double(instances - 1)
        weight += bad
        weighted += bad * statistic / freedom
        variance += bad * bad / freedom
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
