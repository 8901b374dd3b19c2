import Model

/// When the targets of a cycle are asked: in batches of about equal size, over a tenth of the interval and at most a second.
/// Where there are thousands, the time between two is what counts: they are spread over up to half of the interval, as
/// far as one that is asked last and hangs until its timeout does not make the cycle longer than the interval.
///
/// The pools' mean scrape times are the same, so that an outage of both that begins or ends within a cycle is in both
/// pools' counts by the same part: there is an odd number of batches, and each pool's targets are spread over them
/// symmetrically to the middle one.
struct ScrapePace: Equatable {
    /// Sets of targets that start together; odd.
    let batches: Int
    /// From one batch to the next, microseconds.
    let pauseUs: Int64

    /// Shorter pauses would mean waking up for a scrape body or two.
    private static let leastPauseUs: Int64 = 20_000
    /// Larger batches would hold the memory of so many scrape bodies at the same time.
    private static let largestClump: Int64 = 20
    /// Twice what a scrape costs a core: each batch is read before the next arrives, so that few scrape bodies lie in
    /// memory.
    private static let leastUsPerTarget: Int64 = 200

    init(targets: Int, intervalMs: Int64, timeoutMs: Int64) {
        let count = Int64(max(1, targets))
        let mostMs = min(intervalMs / 2, Self.lastAnswerMs(intervalMs) - timeoutMs)
        let spreadUs = max(1, min(intervalMs / 10, 1_000) * 1_000, min(count * Self.leastUsPerTarget, mostMs * 1_000))
        let clumps = max(1, min(count, spreadUs / Self.leastPauseUs))
        let size = min(Self.largestClump, (count + clumps - 1) / clumps)
        let batches = Self.odd((count + size - 1) / size, targets: count)
        self.batches = Int(batches)
        pauseUs = spreadUs / batches
    }

    /// One less where the batches do not become too large by it, else one more.
    private static func odd(_ batches: Int64, targets: Int64) -> Int64 {
        guard batches.isMultiple(of: 2) else { return batches }
        return targets <= (batches - 1) * largestClump ? batches - 1 : batches + 1
    }

    /// A twentieth of the interval is left for reading and judging.
    private static func lastAnswerMs(_ intervalMs: Int64) -> Int64 { intervalMs - intervalMs / 20 }

    /// What is sent to the target: the least that it is waited for in a cycle that begins in time.
    static func promisedTimeoutMs(_ scrape: ScrapePlan) -> Int64 {
        timeoutMs(scrape, askedAfterMs: scrape.intervalMs / 10)
    }

    /// How long a target is waited for that is asked so long after its cycle's begin: for its timeout, but not beyond the
    /// cycle. One that hangs would otherwise make every second cycle fall out.
    static func timeoutMs(_ scrape: ScrapePlan, askedAfterMs: Int64) -> Int64 {
        let leftMs = lastAnswerMs(scrape.intervalMs) - askedAfterMs
        return min(scrape.timeoutMs, max(leftMs, scrape.intervalMs / 10, 1))
    }

    /// The targets of each batch, in the pools' order. Some batches are empty where there are fewer targets.
    func batches<Target>(_ baseline: [Target], _ canary: [Target]) -> [[Target]] {
        let (first, second) = (Self.symmetric(baseline, batches), Self.symmetric(canary, batches))
        return (0..<batches).map { Self.mixed(first[$0], second[$0]) }
    }

    /// A pool's targets over so many batches, odd: as evenly as it goes, and the same from both ends.
    private static func symmetric<Target>(_ pool: [Target], _ batches: Int) -> [ArraySlice<Target>] {
        let (each, rest) = pool.count.quotientAndRemainder(dividingBy: batches)
        var sizes = Array(repeating: each, count: batches)
        let middle = batches / 2
        if !rest.isMultiple(of: 2) { sizes[middle] += 1 }
        for pair in 0..<rest / 2 {
            // The middles of as many equal parts of the batches before the middle one.
            let batch = (2 * pair + 1) * middle / (2 * (rest / 2))
            sizes[batch] += 1
            sizes[batches - 1 - batch] += 1
        }
        var taken = pool.startIndex
        return sizes.map { size in
            defer { taken += size }
            return pool[taken..<taken + size]
        }
    }

    /// Both pools in one row, evenly mixed, so that they are scraped over the same time however long that is.
    static func mixed<Target>(_ baseline: some Collection<Target>, _ canary: some Collection<Target>) -> [Target] {
        let canary = Array(canary)
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
