/// A scrape that was served.
struct Visit: Sendable, Equatable {
    var target: Int
    var atNs: Int64
    /// What the scrape body contained.
    var requests = 0.0
    var errors = 0.0
}

/// How well the targets were scraped in a span of time.
///
/// A scrape is *late* when it comes more than a fifth of the interval too early or too late after the one before. One that did
/// not come at all is *missed*: a gap of more than one and a half intervals misses as many as would have fitted into it.
struct Lateness: Equatable {
    private(set) var scrapes = 0
    private(set) var late = 0
    private(set) var missed = 0

    /// - Parameters:
    ///   - visits: in the order of their time, all within the span.
    ///   - targets: how many there should be visits of.
    init(visits: [Visit], targets: Int, intervalNs: Int64, fromNs: Int64, toNs: Int64) {
        var last = [Int64?](repeating: nil, count: targets)
        for visit in visits where last.indices.contains(visit.target) {
            scrapes += 1
            if let before = last[visit.target] {
                count(gapNs: visit.atNs - before, intervalNs: intervalNs)
            } else {
                // Where in the first interval a target is scraped is its own business.
                missed += Lateness.fitting(visit.atNs - fromNs, intervalNs)
            }
            last[visit.target] = visit.atNs
        }
        for before in last { missed += Lateness.fitting(toNs - (before ?? fromNs), intervalNs) }
    }

    private mutating func count(gapNs: Int64, intervalNs: Int64) {
        if gapNs * 2 > intervalNs * 3 {
            missed += max(1, Int((Double(gapNs) / Double(intervalNs)).rounded()) - 1)
        } else if abs(gapNs - intervalNs) * 5 > intervalNs {
            late += 1
        }
    }

    /// Scrapes that were due in a gap at the span's edge, which may lie anywhere in an interval.
    private static func fitting(_ gapNs: Int64, _ intervalNs: Int64) -> Int {
        gapNs * 2 > intervalNs * 3 ? Int(gapNs / intervalNs) : 0
    }
}
