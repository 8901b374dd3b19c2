/// SplitMix64: small, fast, the same on every machine. The kernel's only source of chance; its seed is handed in.
///
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Equatable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Capped exponential pauses with jitter: between half of the step and the whole of it.
struct RetryPause: Sendable, Equatable {
    let minMs: Int64
    let maxMs: Int64
    private var step: Int64 = 0
    private var draws: UInt64 = 0

    init(minMs: Int64, maxMs: Int64) {
        self.minMs = max(1, minMs)
        self.maxMs = max(self.minMs, maxMs)
    }

    /// - Parameter seed: Of the release and the attempt, so that no other release's retries change this one's.
    mutating func next(seed: UInt64) -> Int64 {
        var generator = SeededGenerator(seed: seed &+ draws &* 0x9E37_79B9_7F4A_7C15)
        draws += 1
        step = step == 0 ? minMs : min(maxMs, step * 2)
        let half = step / 2
        return half + Int64(generator.next() % UInt64(step - half + 1))
    }

    mutating func reset() { step = 0 }
}
