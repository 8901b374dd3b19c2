import Glibc
import Statistics

/// Running totals of both pools after each scrape: answers, and cumulative ones per boundary.
struct LatencyRecord {
    private var baseline: [[Double]] = [Array(repeating: 0, count: LatencyModel.boundsSeconds.count + 1)]
    private var canary: [[Double]] = [Array(repeating: 0, count: LatencyModel.boundsSeconds.count + 1)]

    var scrapes: Int { baseline.count - 1 }

    mutating func append(_ cycle: WatchCycle) {
        baseline.append(LatencyRecord.added(baseline[scrapes], cycle.baseline))
        canary.append(LatencyRecord.added(canary[canary.count - 1], cycle.canary))
    }

    private static func added(_ totals: [Double], _ pool: [InstanceIncrements]) -> [Double] {
        var totals = totals
        for case let latency? in pool.map(\.latency) {
            for (index, count) in latency.cumulative.enumerated() { totals[index] += count }
        }
        return totals
    }

    /// Cumulative increments of a pool, the last for +Inf.
    func baseline(from start: Int, to end: Int) -> [Double] { zip(baseline[end], baseline[start]).map { $0 - $1 } }
    func canary(from start: Int, to end: Int) -> [Double] { zip(canary[end], canary[start]).map { $0 - $1 } }
}

/// Makes the scrape cycles of a release with latencies.
struct LatencyStream {
    let cell: Cell
    let fault: Fault
    private var chance: Chance
    private(set) var cycle: WatchCycle
    private let boundsSeconds: [Double]
    /// Slow shares of a speed of 1, healthy and faulty.
    private let healthyShares: [Double]
    private let faultyShares: [Double]

    init(cell: Cell, fault: Fault, chance: Chance, boundsSeconds: [Double] = LatencyModel.boundsSeconds) {
        self.cell = cell
        self.fault = fault
        self.chance = chance
        self.boundsSeconds = boundsSeconds
        healthyShares = LatencyModel.slowShares(.none, speed: 1, bounds: boundsSeconds)
        faultyShares = LatencyModel.slowShares(fault.kind, speed: 1, bounds: boundsSeconds)
        let bounds = boundsSeconds + [.infinity]
        func pool(_ name: String, _ count: Int) -> [InstanceIncrements] {
            (0..<count).map {
                InstanceIncrements(
                    instance: "\(name)\($0)", requests: 0, errors: 0,
                    latency: LatencyIncrements(
                        upperBounds: bounds, cumulative: Array(repeating: 0, count: bounds.count), count: 0))
            }
        }
        cycle = WatchCycle(
            atSeconds: 0, coveredSeconds: Schedule.scrapeSeconds, baseline: pool("old", cell.baselineInstances),
            canary: pool("new", cell.canaryInstances))
    }

    mutating func advanceHistory() {
        for index in cycle.baseline.indices {
            let counts = draw(cell.baselineMean, isFaulty: false)
            cycle.baseline[index].fill(counts)
        }
    }

    mutating func advance(scrape: Int) {
        cycle.atSeconds = Double(scrape + 1) * Schedule.scrapeSeconds
        advanceHistory()
        let isFaulty = fault.kind != .none && fault.isThere(atScrape: scrape)
        for index in cycle.canary.indices {
            let counts = draw(cell.canaryMean, isFaulty: isFaulty)
            cycle.canary[index].fill(counts)
        }
    }

    /// Cumulative answers of one instance in one scrape interval, the last for +Inf.
    private mutating func draw(_ mean: Double, isFaulty: Bool) -> [Double] {
        var shares = isFaulty ? faultyShares : healthyShares
        if cell.pattern == .bursty {
            shares = LatencyModel.slowShares(
                isFaulty ? fault.kind : .none, speed: exp(0.1 * chance.normal()), bounds: boundsSeconds)
        }
        var cumulative: [Double] = []
        cumulative.reserveCapacity(shares.count + 1)
        var below = 0.0
        var before = 1.0
        for share in shares + [0] {
            below += chance.poisson(mean * (before - share))
            before = share
            cumulative.append(below)
        }
        return cumulative
    }
}

extension InstanceIncrements {
    fileprivate mutating func fill(_ cumulative: [Double]) {
        requests = cumulative.last
        latency?.cumulative = cumulative
        latency?.count = cumulative.last ?? 0
    }
}
