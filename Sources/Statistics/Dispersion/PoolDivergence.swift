import Glibc

/// How far two pools that run the same version differ from each other: what an A/A release measures.
///
/// Pools that wander apart (their own zone, their own users) while the instances of each move together look like a version
/// that is worse, and nothing in the baseline shows it: no promise of the regression rules holds below what is measured here.
///
/// Blocks are joined to cells of ``cellSeconds``. The logarithms of the cells' rate ratios are a random-effects sample: their
/// mean is what the pools differ by for good, their variance beyond chance what they wander by. Source: DerSimonian and
/// Laird, Meta-analysis in clinical trials, 1986.
public struct PoolDivergence: Sendable, Equatable, Codable {
    public static let cellSeconds = 60.0
    /// Bounds of a histogram that are followed at most.
    private static let boundLimit = 40

    /// What was found of one kind of bad event.
    public struct Finding: Sendable, Equatable {
        public var event: BadEvent
        public var cells: Int
        /// The canary pool's rate by the baseline pool's.
        public var ratio: Double
        /// Standard deviation beyond chance of the ratio's logarithm, from one cell to another.
        public var spread: Double

        /// Differences below this can be the pools': the mean and twice the spread, on either side.
        public var unprovenRatio: Double { exp(abs(log(ratio)) + 2 * spread) }
    }

    private var errors = DivergenceSums()
    private var bounds: [Double] = []
    /// One per bound.
    private var slow: [DivergenceSums] = []
    /// Seconds of the open cell.
    private var openSeconds = 0.0
    /// Of closed cells.
    public private(set) var seconds = 0.0

    public init() {}

    /// Takes in a block that both pools reported.
    ///
    /// - Parameter dispersion: of a kind of bad event, at least 1.
    public mutating func take(_ block: WatchCycle, dispersion: (BadEvent) -> Double) {
        if let baseline = block.baseline.errorSums, let canary = block.canary.errorSums {
            errors.open(baseline, canary)
        }
        adoptBounds(block)
        for (index, bound) in bounds.enumerated() {
            guard let baseline = block.baseline.slowSums(bound: bound, hint: index),
                let canary = block.canary.slowSums(bound: bound, hint: index)
            else { continue }
            slow[index].open(baseline, canary)
        }
        openSeconds += block.coveredSeconds
        guard openSeconds >= PoolDivergence.cellSeconds else { return }
        errors.close(dispersion: dispersion(.error))
        for index in slow.indices {
            slow[index].close(dispersion: dispersion(.slowerThan(seconds: bounds[index])))
        }
        (seconds, openSeconds) = (seconds + openSeconds, 0)
    }

    private mutating func adoptBounds(_ block: WatchCycle) {
        guard bounds.isEmpty, let latency = block.baseline.lazy.compactMap(\.latency).first else { return }
        bounds = Array(latency.upperBounds.filter(\.isFinite).prefix(PoolDivergence.boundLimit))
        slow = bounds.map { _ in DivergenceSums() }
    }

    /// Errors, then the bounds nearest to the baseline's p50, p90 and p99, each once; what had too few events is left out.
    public var findings: [Finding] {
        var found: [Finding] = []
        if let one = errors.finding(.error) { found.append(one) }
        var taken: Set<Int> = []
        for share in [0.5, 0.1, 0.01] {
            guard let index = nearest(share), taken.insert(index).inserted else { continue }
            if let one = slow[index].finding(.slowerThan(seconds: bounds[index])) { found.append(one) }
        }
        return found
    }

    private func nearest(_ share: Double) -> Int? {
        func distance(_ index: Int) -> Double {
            slow[index].baselineRate > 0 ? abs(log(slow[index].baselineRate) - log(share)) : .infinity
        }
        return slow.indices.filter { distance($0) < 1.5 }.min { distance($0) < distance($1) }
    }
}

/// Sums over the cells of one kind of bad event.
private struct DivergenceSums: Sendable, Equatable, Codable {
    /// A cell counts with so many bad events in both pools together; with fewer, the logarithm of a ratio says little.
    private static let fewestBad = 5.0

    private var current = PairCounts.zero
    private var totalRequests = 0.0
    private var totalBad = 0.0
    private var cells = 0.0
    /// With w the inverse of a cell's sampling variance and y the logarithm of its ratio: sums of w, w^2, w y, w y^2.
    private var weight = 0.0
    private var weightSquared = 0.0
    private var weighted = 0.0
    private var weightedSquare = 0.0

    init() {}

    mutating func open(_ baseline: (requests: Double, bad: Double), _ canary: (requests: Double, bad: Double)) {
        current += PairCounts(
            baselineRequests: baseline.requests, baselineBad: baseline.bad, canaryRequests: canary.requests,
            canaryBad: canary.bad)
    }

    mutating func close(dispersion: Double) {
        let cell = current
        current = .zero
        totalRequests += cell.baselineRequests
        totalBad += cell.baselineBad
        guard cell.baselineRequests > 0, cell.canaryRequests > 0, cell.bad >= Self.fewestBad else { return }
        let (bad, other) = (cell.canaryBad + 0.5, cell.baselineBad + 0.5)
        let ratio = log(bad / cell.canaryRequests) - log(other / cell.baselineRequests)
        // By the pools' common rate so far: a weight that follows the ratio itself would pull the mean.
        let rate = (totalBad + 0.5) / totalRequests
        let sampling = 1 / (rate * cell.canaryRequests) + 1 / (rate * cell.baselineRequests)
        let precision = 1 / (max(1, dispersion) * sampling)
        cells += 1
        weight += precision
        weightSquared += precision * precision
        weighted += precision * ratio
        weightedSquare += precision * ratio * ratio
    }

    var baselineRate: Double { totalRequests > 0 ? totalBad / totalRequests : 0 }

    /// Nil with fewer than ten cells.
    func finding(_ event: BadEvent) -> PoolDivergence.Finding? {
        guard cells >= 10, weight > 0 else { return nil }
        let mean = weighted / weight
        let excess = weightedSquare - weighted * mean - (cells - 1)
        let variance = max(0, excess / (weight - weightSquared / weight))
        return PoolDivergence.Finding(event: event, cells: Int(cells), ratio: exp(mean), spread: sqrt(variance))
    }

    enum CodingKeys: String, CodingKey {
        case totalRequests, totalBad, cells, weight, weightSquared, weighted, weightedSquare
    }
}
