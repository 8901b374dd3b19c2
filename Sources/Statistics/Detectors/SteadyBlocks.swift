import Glibc

/// Holds each block of time back until the baseline's next one is known, and says whether the baseline's bad rate was the
/// same in the block and in both its neighbours.
///
/// The two pools are never scraped at the same instant. When an outage of both begins or ends between the two scrapes, it
/// is in one pool's block and not yet, or not any more, in the other's, and that one block can look like proof. A pool's
/// shifted block lies within the baseline's three blocks around it, so where the baseline's rate is constant over the
/// three, both pools had the same rate. A block in which it is not constant may lower the evidence and not raise it.
///
/// What is known of the baseline alone decides this, and evidence is only ever reduced, so the promise of every test that is
/// fed with it holds as it did. With gaps between the scrapes, that the rule suffices was measured and not proved: see
/// docs/reference/calibration.md.
public struct SteadyBlocks: Sendable, Equatable, Codable {
    /// The baseline's counts in a block.
    struct Cell: Sendable, Equatable, Codable {
        var requests: Double
        var bad: Double
    }

    /// A block whose neighbours are known.
    struct Settled: Sendable, Equatable, Codable {
        var counts: PairCounts
        var atSeconds: Double
        /// Known before the block.
        var dispersion: Double
        var isSteady: Bool
    }

    /// Chi-square with two degrees of freedom: exceeded by 1.1 % of the blocks of a constant rate.
    static let threshold = 9.0

    private var before: Cell?
    /// Its neighbour is still to come.
    private var waiting: Settled?
    /// Time is missing before the next block.
    private var isAfterGap = false
    /// The running median of the statistic without a dispersion factor, where that factor is learned from it.
    private var typical: Double?

    /// - Parameter learnsDispersion: the baseline has no instances to learn a dispersion factor from; how much its blocks
    ///   mostly differ from their neighbours is used in its place. An outage now and then does not move the median.
    init(learnsDispersion: Bool = false) { typical = learnsDispersion ? SteadyBlocks.median * 2 : nil }

    /// Of chi-square with two degrees of freedom.
    private static let median = 1.386

    var isHolding: Bool { waiting != nil }

    /// The block whose neighbour is still to come, as long as nothing speaks against it; nil for none.
    var provisional: PairCounts? {
        guard let block = waiting, block.isSteady else { return nil }
        guard statistic(of: block, beside: nil) <= limit(for: block) else { return nil }
        return block.counts
    }

    /// Takes in a block. - Returns: the block before it, whose neighbours are known now.
    mutating func take(_ counts: PairCounts, atSeconds: Double, dispersion: Double) -> Settled? {
        let cell = Cell(requests: counts.baselineRequests, bad: counts.baselineBad)
        let settled = settle(by: cell)
        // The release's first block is judged by the next one alone; one after a gap has no neighbour to be judged by.
        waiting = Settled(
            counts: counts, atSeconds: atSeconds, dispersion: max(1, dispersion), isSteady: !isAfterGap)
        isAfterGap = false
        return settled
    }

    /// A stretch of time that is not compared.
    ///
    /// - Parameter baseline: what the baseline did in it; nil when that is not known.
    /// - Returns: the block before it.
    mutating func skip(_ baseline: Cell?) -> Settled? {
        let settled = settle(by: baseline)
        before = baseline
        isAfterGap = baseline == nil
        return settled
    }

    private mutating func settle(by next: Cell?) -> Settled? {
        guard var block = waiting else { return nil }
        waiting = nil
        if let next {
            let statistic = statistic(of: block, beside: next)
            if statistic > limit(for: block) { block.isSteady = false }
            typical = typical.map { max($0 * (statistic > $0 ? 1.05 : 1 / 1.05), SteadyBlocks.median) }
        } else {
            block.isSteady = false
        }
        before = Cell(requests: block.counts.baselineRequests, bad: block.counts.baselineBad)
        return block
    }

    private func statistic(of block: Settled, beside next: Cell?) -> Double {
        let cell = Cell(requests: block.counts.baselineRequests, bad: block.counts.baselineBad)
        return SteadyBlocks.statistic([before, cell, next].compactMap { $0 })
    }

    private func limit(for block: Settled) -> Double {
        SteadyBlocks.threshold * max(block.dispersion, (typical ?? 0) / SteadyBlocks.median)
    }

    /// Twice the log-likelihood ratio of "one rate in all cells" against a rate for each. Divided by the dispersion factor it
    /// is about chi-square, with one degree of freedom less than there are cells (Wilks' theorem).
    static func statistic(_ cells: [Cell]) -> Double {
        let requests = cells.reduce(0) { $0 + $1.requests }
        let bad = cells.reduce(0) { $0 + $1.bad }
        guard bad > 0, bad < requests else { return 0 }
        var sum = 0.0
        for cell in cells {
            let good = cell.requests - cell.bad
            if cell.bad > 0 { sum += cell.bad * log(cell.bad * requests / (cell.requests * bad)) }
            if good > 0 { sum += good * log(good * requests / (cell.requests * (requests - bad))) }
        }
        return 2 * sum
    }
}
