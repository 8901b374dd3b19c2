/// Requests and bad ones of the instances of one pool in one scrape cycle, by slot: an instance keeps its slot for as long
/// as it is known. A slot without requests had none, or did not report.
public struct InstanceCounts: Sendable, Equatable, Codable {
    public private(set) var requests: [Double]
    public private(set) var bad: [Double]

    public init(slots: Int) {
        requests = Array(repeating: 0, count: slots)
        bad = Array(repeating: 0, count: slots)
    }

    public var slots: Int { requests.count }

    /// Adds to a slot, making it if need be. Counts that no counter has are left out.
    public mutating func add(requests more: Double, bad worse: Double, slot: Int) {
        guard more >= 0, more.isFinite, worse >= 0, worse <= more else { return }
        while slots <= slot {
            requests.append(0)
            bad.append(0)
        }
        requests[slot] += more
        bad[slot] += worse
    }

    /// Adds another pool's counts slot by slot.
    mutating func add(_ more: InstanceCounts) {
        for slot in 0..<more.slots where more.requests[slot] > 0 {
            add(requests: more.requests[slot], bad: more.bad[slot], slot: slot)
        }
    }

    mutating func scale(by factor: Double) {
        for slot in requests.indices {
            requests[slot] *= factor
            bad[slot] *= factor
        }
    }

    mutating func clear() {
        for slot in requests.indices {
            requests[slot] = 0
            bad[slot] = 0
        }
    }
}
