import ReleaseKernel

/// When the targets of a cycle are asked: in clumps of equal size, over a tenth of the interval and at most a second.
/// Where there are thousands, the time between two is what counts: they are spread over up to half of the interval, as
/// far as one that is asked last and hangs until its timeout does not make the cycle longer than the interval.
struct ScrapePace: Equatable {
    /// Targets that start together, at least one.
    let clump: Int
    /// From one clump to the next, microseconds.
    let pauseUs: Int64

    /// Shorter pauses would mean waking up for a page or two.
    private static let leastPauseUs: Int64 = 20_000
    /// Larger clumps would hold the memory of so many pages at the same time.
    private static let largestClump: Int64 = 20
    /// Twice what a scrape costs a core: each clump is read before the next arrives, so that few pages lie in memory.
    private static let leastUsPerTarget: Int64 = 200

    init(targets: Int, intervalMs: Int64, timeoutMs: Int64) {
        let count = Int64(max(1, targets))
        let mostMs = min(intervalMs / 2, Self.lastAnswerMs(intervalMs) - timeoutMs)
        let spreadUs = max(1, min(intervalMs / 10, 1_000) * 1_000, min(count * Self.leastUsPerTarget, mostMs * 1_000))
        let clumps = max(1, min(count, spreadUs / Self.leastPauseUs))
        let size = min(Self.largestClump, (count + clumps - 1) / clumps)
        clump = Int(size)
        pauseUs = spreadUs / ((count + size - 1) / size)
    }

    /// A twentieth of the interval is left for reading and judging.
    private static func lastAnswerMs(_ intervalMs: Int64) -> Int64 { intervalMs - intervalMs / 20 }

    /// What the target is told: the least that it is waited for in a cycle that begins in time.
    static func promisedTimeoutMs(_ scrape: ScrapePlan) -> Int64 {
        timeoutMs(scrape, askedAfterMs: scrape.intervalMs / 10)
    }

    /// How long a target is waited for that is asked so long after its cycle's begin: for its timeout, but not beyond the
    /// cycle. One that hangs would otherwise make every second cycle fall out.
    static func timeoutMs(_ scrape: ScrapePlan, askedAfterMs: Int64) -> Int64 {
        let leftMs = lastAnswerMs(scrape.intervalMs) - askedAfterMs
        return min(scrape.timeoutMs, max(leftMs, scrape.intervalMs / 10, 1))
    }

    /// Both pools in one row, evenly mixed, so that they are looked at over the same time however long that is.
    static func mixed<Target>(_ baseline: [Target], _ canary: [Target]) -> [Target] {
        var mixed: [Target] = []
        mixed.reserveCapacity(baseline.count + canary.count)
        var next = 0
        for (index, target) in baseline.enumerated() {
            // The canary's turn comes when its share of the row is due.
            while next < canary.count, (2 * next + 1) * baseline.count < (2 * index + 1) * canary.count {
                mixed.append(canary[next])
                next += 1
            }
            mixed.append(target)
        }
        return mixed + canary[next...]
    }
}
