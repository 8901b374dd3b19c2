/// What a comparison's counts pass on their way to the tests: cycles are joined until both pools had requests, blocks in which
/// the split of the requests changed are left out, and each block waits until its neighbour is known.
struct GuardedBlocks: Sendable, Equatable, Codable {
    /// What a call has let through.
    struct Passed {
        /// Belongs to what is compared; its turn in the tests comes with the next block.
        var compared: PairCounts?
        /// Its neighbours are known: it is the tests' turn.
        var settled: SteadyBlocks.Settled?
        var hasShareChanged = false
    }

    private var open = PairCounts.zero
    private var openSeconds = 0.0
    private var share = ShareFit()
    private var steady: SteadyBlocks

    init(learnsDispersion: Bool) { steady = SteadyBlocks(learnsDispersion: learnsDispersion) }

    var isHolding: Bool { steady.isHolding }
    /// See ``SteadyBlocks/provisional``.
    var provisional: PairCounts? { steady.provisional }

    /// What comes next holds other instances' counts: its split is compared with nothing before.
    mutating func forgetShare() { share.forget() }

    mutating func take(
        _ counts: PairCounts, atSeconds: Double, coveredSeconds: Double, dispersion: Double
    ) -> Passed {
        open += counts
        openSeconds += coveredSeconds
        guard open.baselineRequests > 0, open.canaryRequests > 0 else { return Passed() }
        let (block, seconds) = (open, openSeconds)
        (open, openSeconds) = (.zero, 0)
        let fits = share.take(
            baselineRequests: block.baselineRequests, canaryRequests: block.canaryRequests, coveredSeconds: seconds)
        guard fits else {
            let cell = SteadyBlocks.Cell(requests: block.baselineRequests, bad: block.baselineBad)
            return Passed(settled: steady.skip(cell), hasShareChanged: true)
        }
        return Passed(
            compared: block, settled: steady.take(block, atSeconds: atSeconds, dispersion: dispersion))
    }

    mutating func leaveOut(
        _ baseline: (requests: Double, bad: Double)?, hasShareChanged: Bool
    ) -> SteadyBlocks.Settled? {
        if hasShareChanged { share.forget() }
        let cell = baseline.map {
            SteadyBlocks.Cell(
                requests: $0.requests + open.baselineRequests, bad: min($0.bad, $0.requests) + open.baselineBad)
        }
        (open, openSeconds) = (.zero, 0)
        return steady.skip(cell)
    }
}

/// The Mantel-Haenszel estimate of the ratio of two pools' bad rates over blocks of time. Source: Mantel and Haenszel, 1959;
/// for rates: Greenland and Robins, 1985.
struct RatioStrata: Sendable, Equatable, Codable {
    private var canary = 0.0
    private var baseline = 0.0

    /// Nil while the baseline has had nothing bad beside the canary's requests.
    var ratio: Double? { baseline > 0 ? canary / baseline : nil }

    mutating func add(_ block: PairCounts) {
        guard block.requests > 0 else { return }
        canary += block.canaryBad * block.baselineRequests / block.requests
        baseline += block.baselineBad * block.canaryRequests / block.requests
    }
}
