import NIOCore

/// When the last requests came in. Bounded: the oldest are forgotten.
struct Arrivals {
    private static let limit = 50_000
    private var wallMs = CircularBuffer<Int64>()

    mutating func add(_ now: Int64) {
        if wallMs.count >= Self.limit { wallMs.removeFirst() }
        wallMs.append(now)
    }

    /// How many came later than this. Counted from the end: times hardly ever go back.
    func count(after limit: Int64) -> Int { wallMs.reversed().prefix { $0 > limit }.count }
}
