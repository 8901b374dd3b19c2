/// A service and a release that are simulated: traffic, split, rate, and how bad events come.
package struct Cell: Sendable, Equatable {
    /// How bad events depend on each other.
    package enum Pattern: String, Sendable, CaseIterable {
        /// Requests are independent.
        case independent
        /// Errors come in retry clusters (geometric, mean 2), and each instance has its own rate in each scrape
        /// (coefficient of variation 1). Latency: each instance has its own speed in each scrape (standard deviation 10 %).
        case bursty
    }

    package var requestsPerSecond: Double
    /// The canary's share of the requests, 0..<1.
    package var canaryShare: Double
    /// The healthy error rate.
    package var baseRate: Double
    package var pattern: Pattern

    /// Instances of both pools.
    static let instances = 20

    var canaryInstances: Int { max(1, Int((canaryShare * Double(Cell.instances)).rounded())) }
    var baselineInstances: Int { Cell.instances - canaryInstances }
    /// Requests that an instance is expected to get in one scrape interval.
    var baselineMean: Double {
        requestsPerSecond * (1 - canaryShare) * Schedule.scrapeSeconds / Double(baselineInstances)
    }
    var canaryMean: Double { requestsPerSecond * canaryShare * Schedule.scrapeSeconds / Double(canaryInstances) }

    /// The grid of the false-rollback table.
    package static let grid: [Cell] = Pattern.allCases.flatMap { pattern in
        [10.0, 100, 1_000].flatMap { requests in
            [0.01, 0.05, 0.1, 0.5].flatMap { share in
                [0.001, 0.01].map {
                    Cell(requestsPerSecond: requests, canaryShare: share, baseRate: $0, pattern: pattern)
                }
            }
        }
    }

    /// The smaller grid of the latency tables.
    package static let latencyGrid: [Cell] = Pattern.allCases.flatMap { pattern in
        [10.0, 100, 1_000].flatMap { requests in
            [0.1, 0.5].map { Cell(requestsPerSecond: requests, canaryShare: $0, baseRate: 0.001, pattern: pattern) }
        }
    }
}

/// Scrapes of five seconds, twenty-five minutes of history (less than it takes to know how much instances differ: these cells are
/// about the tests without a margin for that), a release of an hour.
enum Schedule {
    static let scrapeSeconds = 5.0
    static let historyScrapes = 300
    static let releaseScrapes = 720
    static let scrapesPerMinute = 12
}

/// What is wrong with the canary, and since when.
package struct Fault: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case none
        /// So many times the healthy error rate.
        case errors(Double)
        /// The p99 is so many times the healthy one: everything above the p90 is stretched.
        case tail(Double)
        /// One request in a hundred hangs until its timeout.
        case stuck
    }

    package var kind: Kind
    /// Seconds since the release began.
    package var fromSeconds: Double

    package static let none = Fault(kind: .none, fromSeconds: 0)

    func isThere(atScrape scrape: Int) -> Bool { Double(scrape) * Schedule.scrapeSeconds >= fromSeconds }
}
