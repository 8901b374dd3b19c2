/// When the targets of a cycle are asked: in clumps of equal size, over at most a tenth of the interval and a second.
struct ScrapePace: Equatable {
    /// Targets that start together, at least one.
    let clump: Int
    /// From one clump to the next, microseconds.
    let pauseUs: Int64

    /// Shorter pauses would mean waking up for a page or two.
    private static let leastPauseUs: Int64 = 20_000
    /// Larger clumps would hold the memory of so many pages at the same time.
    private static let largestClump: Int64 = 32

    init(targets: Int, intervalMs: Int64) {
        let count = Int64(max(1, targets))
        let spreadUs = max(1, min(intervalMs / 10, 1_000) * 1_000)
        let clumps = max(1, min(count, spreadUs / Self.leastPauseUs))
        let size = min(Self.largestClump, (count + clumps - 1) / clumps)
        clump = Int(size)
        pauseUs = spreadUs / ((count + size - 1) / size)
    }
}
