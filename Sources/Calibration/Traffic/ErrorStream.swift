import Statistics

/// One release as every method sees it: running totals after each scrape, in both pools. Index 0 is the beginning.
struct ErrorRecord {
    var baselineRequests: [Double] = [0]
    var baselineErrors: [Double] = [0]
    var canaryRequests: [Double] = [0]
    var canaryErrors: [Double] = [0]

    var scrapes: Int { baselineRequests.count - 1 }

    /// What happened from one scrape to another.
    func counts(from start: Int, to end: Int) -> PairCounts {
        PairCounts(
            baselineRequests: baselineRequests[end] - baselineRequests[start],
            baselineBad: baselineErrors[end] - baselineErrors[start],
            canaryRequests: canaryRequests[end] - canaryRequests[start],
            canaryBad: canaryErrors[end] - canaryErrors[start])
    }

    mutating func append(_ cycle: WatchCycle) {
        baselineRequests.append(baselineRequests.last ?? 0)
        baselineErrors.append(baselineErrors.last ?? 0)
        canaryRequests.append(canaryRequests.last ?? 0)
        canaryErrors.append(canaryErrors.last ?? 0)
        extend(cycle)
    }

    /// Adds to the last scrape what a further cycle counted.
    mutating func extend(_ cycle: WatchCycle) {
        let last = scrapes
        for instance in cycle.baseline {
            baselineRequests[last] += instance.requests ?? 0
            baselineErrors[last] += instance.errors ?? 0
        }
        for instance in cycle.canary {
            canaryRequests[last] += instance.requests ?? 0
            canaryErrors[last] += instance.errors ?? 0
        }
    }
}

/// Makes the scrape cycles of a release with errors.
struct ErrorStream {
    let cell: Cell
    let fault: Fault
    private var chance: Chance
    /// Allocated once and refilled for each scrape.
    private(set) var cycle: WatchCycle

    init(cell: Cell, fault: Fault, chance: Chance) {
        self.cell = cell
        self.fault = fault
        self.chance = chance
        cycle = WatchCycle(
            atSeconds: 0, coveredSeconds: Schedule.scrapeSeconds,
            baseline: (0..<cell.baselineInstances).map { InstanceIncrements(instance: "old\($0)") },
            canary: (0..<cell.canaryInstances).map { InstanceIncrements(instance: "new\($0)") })
    }

    /// A scrape before the release: the baseline alone, with its later traffic.
    mutating func advanceHistory() { fillBaseline() }

    /// The release's scrape with this number, from 0.
    mutating func advance(scrape: Int) {
        cycle.atSeconds = Double(scrape + 1) * Schedule.scrapeSeconds
        fillBaseline()
        var rate = cell.baseRate
        if case .errors(let times) = fault.kind, fault.isThere(atScrape: scrape) { rate = min(1, rate * times) }
        for index in cycle.canary.indices { cycle.canary[index].fill(draw(cell.canaryMean, rate)) }
    }

    private mutating func fillBaseline() {
        for index in cycle.baseline.indices { cycle.baseline[index].fill(draw(cell.baselineMean, cell.baseRate)) }
    }

    /// Requests and errors of one instance in one scrape interval.
    private mutating func draw(_ mean: Double, _ rate: Double) -> (requests: Double, errors: Double) {
        switch cell.pattern {
        case .independent:
            // Thinning: the failed and the others of a Poisson stream are independent Poisson streams.
            let errors = chance.poisson(mean * rate)
            return (errors + chance.poisson(mean * (1 - rate)), errors)
        case .bursty:
            let requests = chance.poisson(mean)
            var errors = 0.0
            var clusters = chance.poisson(mean * rate * chance.exponential() / 2)
            while clusters > 0 {
                errors += chance.clusterSize()
                clusters -= 1
            }
            return (requests, min(errors, requests))
        }
    }
}

extension InstanceIncrements {
    fileprivate mutating func fill(_ counts: (requests: Double, errors: Double)) {
        requests = counts.requests
        errors = counts.errors
    }
}
