/// What is scraped in one row of the benchmark.
struct Shape: Sendable, Hashable, Codable {
    var targets: Int
    /// Samples in each target's exposition.
    var samples: Int
    var intervalMs: Int
    /// Rules beyond the usual ones; nil for the usual ones alone.
    var rules: Int?

    init(targets: Int, samples: Int, intervalMs: Int, rules: Int? = nil) {
        self.targets = targets
        self.samples = samples
        self.intervalMs = intervalMs
        self.rules = rules
    }

    /// `100x1000@5` is 100 targets of 1,000 samples every 5 seconds; nil for other texts, one target, or fewer than 100
    /// samples.
    init?(_ text: String) {
        let numbers = text.split { "x@".contains($0) }.compactMap { Int($0) }
        guard text.wholeMatch(of: /\d+x\d+@\d+/) != nil, numbers.count == 3 else { return nil }
        guard numbers[0] > 1, numbers[1] >= 100, numbers[2] > 0 else { return nil }
        self.init(targets: numbers[0], samples: numbers[1], intervalMs: 1_000 * numbers[2])
    }

    var series: Int { targets * samples }
    /// `100 x 1000 @ 1 s`.
    var name: String {
        let rows = "\(targets) x \(samples) @ \(intervalMs / 1_000) s"
        return rules.map { "\(rows), \($0) rules" } ?? rows
    }
}

/// Which rows there are, and how long each is measured.
struct Schedule: Sendable {
    var isQuick: Bool

    /// How cost grows with series and with targets.
    var scrapes: [Shape] {
        if isQuick {
            return [Shape(targets: 100, samples: 1_000, intervalMs: 1_000)]
        }
        return [
            Shape(targets: 2, samples: 100, intervalMs: 1_000),
            Shape(targets: 10, samples: 100, intervalMs: 1_000),
            Shape(targets: 100, samples: 100, intervalMs: 1_000),
            Shape(targets: 100, samples: 1_000, intervalMs: 1_000),
            Shape(targets: 1_000, samples: 100, intervalMs: 1_000),
            Shape(targets: 1_000, samples: 1_000, intervalMs: 1_000),
            Shape(targets: 10_000, samples: 100, intervalMs: 5_000),
            Shape(targets: 1_000, samples: 10_000, intervalMs: 10_000),
        ]
    }

    /// How cost grows with rules.
    var ruleCounts: [Int] { isQuick ? [1_000] : [1, 10, 100, 1_000, 10_000] }
    static func shape(rules: Int) -> Shape { Shape(targets: 10, samples: 100, intervalMs: 1_000, rules: rules) }
    /// A peer's evaluation of more rules than this takes longer than the interval.
    static let peerRuleLimit = 1_000

    /// Window lengths for the kernel, seconds.
    var windowSeconds: [Int] { isQuick ? [10, 600] : [10, 60, 600, 3_600, 18_000] }
    /// Targets for the kernel.
    var kernelTargets: [Int] { isQuick ? [1_000] : [1_000, 10_000, 100_000] }
    /// Faults per program.
    var faults: Int { isQuick ? 10 : 30 }
    /// Faults with and without load; each is in a release of its own, which has its part of the rules.
    var faultsUnderLoad: Int { isQuick ? 10 : 25 }

    /// Longer than Rollguard's start, which ends after five seconds with giving memory back.
    let warmUpSeconds = 8.0

    func measuredSeconds(_ shape: Shape) -> Double {
        // Not less than two rounds.
        max(isQuick ? 6 : Schedule.isMain(shape) ? 20 : 6, 2 * Double(shape.intervalMs) / 1_000)
    }

    /// The rows that are measured longest, and with Prometheus a second time, without rules.
    static func isMain(_ shape: Shape) -> Bool { shape.samples == 1_000 }
}
