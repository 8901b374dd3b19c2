import Statistics

/// What the peers' Prometheus server has of a release: a scrape each five seconds, also where Rollguard's cycles are shorter.
struct PeerRecord {
    private(set) var record = ErrorRecord()
    private let cyclesPerScrape: Int
    private var cycles = 0

    /// - Parameter cycleSeconds: a divisor of ``Schedule/scrapeSeconds``.
    init(cycleSeconds: Double) { cyclesPerScrape = max(1, Int((Schedule.scrapeSeconds / cycleSeconds).rounded())) }

    mutating func take(_ cycle: WatchCycle) {
        cycles % cyclesPerScrape == 0 ? record.append(cycle) : record.extend(cycle)
        cycles += 1
    }

    /// Seconds to each peer's first alarm, in the order of ``ErrorMethod/peers``; nil for none.
    ///
    /// - Parameter baseRate: the healthy error rate, which one of the peers' thresholds is made from.
    func firstAlarms(requestsPerSecond: Double, canaryShare: Double, baseRate: Double) -> [Double?] {
        let cell = Cell(
            requestsPerSecond: requestsPerSecond, canaryShare: canaryShare, baseRate: baseRate, pattern: .independent)
        return ErrorMethod.peers.map { $0.firstAlarm(record, cell) }
    }
}
