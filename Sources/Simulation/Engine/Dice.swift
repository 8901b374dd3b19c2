import Support

/// All chance of a run, from its seed.
struct Dice {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func raw() -> UInt64 { generator.next() }

    /// Both ends included.
    mutating func int(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(generator.next() % UInt64(range.count))
    }

    mutating func ms(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(generator.next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    mutating func chance(percent: Int) -> Bool { int(1...100) <= percent }

    /// 0..<1.
    mutating func unit() -> Double { Double(generator.next() >> 11) / 0x1p53 }

    /// The list must not be empty.
    mutating func pick<Element>(_ list: [Element]) -> Element { list[int(0...list.count - 1)] }
}
