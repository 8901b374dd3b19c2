/// Capped exponential pauses with jitter: between half of the step and the whole of it.
package struct RetryPause: Sendable, Equatable {
    package let minMs: Int64
    package let maxMs: Int64
    private var step: Int64 = 0
    private var draws: UInt64 = 0

    package init(minMs: Int64, maxMs: Int64) {
        self.minMs = max(1, minMs)
        self.maxMs = max(self.minMs, maxMs)
    }

    /// - Parameter seed: Of the release and the attempt, so that no other release's retries change this one's.
    package mutating func next(seed: UInt64) -> Int64 {
        var generator = SeededGenerator(seed: seed &+ draws &* 0x9E37_79B9_7F4A_7C15)
        draws += 1
        step = step == 0 ? minMs : min(maxMs, step * 2)
        let half = step / 2
        return half + Int64(generator.next() % UInt64(step - half + 1))
    }

    package mutating func reset() { step = 0 }
}
