/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and the same sequence for the same seed in every process.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// True with this probability; anything outside 0...1 (or not a number) counts as its nearest end (or never).
    mutating func chance(_ share: Double) -> Bool {
        Double(next() >> 11) * 0x1p-53 < share
    }
}
