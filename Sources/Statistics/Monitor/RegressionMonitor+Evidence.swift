import Glibc

extension RegressionMonitor {
    /// What the rule says now.
    public var verdict: RegressionVerdict {
        guard let watch else { return .nothing }
        if watch.isWorse { return .worse }
        guard parts(of: watch).contains(where: { $0.comparison.blocks > 0 }) else { return .nothing }
        return isSafe ? .safe : .undecided
    }

    /// Every part that has to be good is shown to be. The parts are errors, and the boundaries that represent the
    /// baseline's p50, p90 and p99: the far tail has too few events to show anything.
    ///
    /// It is a statement about the present: an hour of health is shown for long after a fault began, so the proof has
    /// to hold now, and there must be no sign of harm. That is stricter than what ``RegressionSettings/safeFalseAlarm``
    /// is promised for.
    private var isSafe: Bool {
        let gating = gatingComparisons
        guard settings.safeRatio != nil, !gating.isEmpty, watch?.harmLogE ?? 0 <= 0 else { return false }
        let bar = AnytimeP.barLogE(falseAlarm: settings.safeFalseAlarm)
        return gating.allSatisfy { ($0.safeLogE ?? -.infinity) >= bar }
    }

    private var gatingComparisons: [Comparison] {
        guard let watch else { return [] }
        var chosen: [Comparison] = []
        if let errors = watch.errors { chosen.append(errors) }
        if case .latency = settings.scope { return percentileSafe.map { [$0] } ?? [] }
        for quantile in shownQuantiles {
            if let index = boundary(nearest: quantile, in: watch) { chosen.append(watch.latency[index]) }
        }
        return chosen
    }

    private var shownQuantiles: [Double] {
        switch settings.scope {
        case .errors: []
        case .latency(let quantile): [quantile]
        case .slow, .release: [0.5, 0.9, 0.99]
        }
    }

    /// The boundary at which the baseline's present slow share is nearest to what is above the percentile.
    private func boundary(nearest quantile: Double, in watch: ReleaseWatch) -> Int? {
        func distance(_ index: Int) -> Double {
            let rate = watch.latency[index].typicalCounts.baselineRate ?? 0
            return rate > 0 ? abs(log(rate) - log(1 - quantile)) : .infinity
        }
        return watch.latency.indices.min { distance($0) < distance($1) }
    }

    /// Everything there is to say now. Costs some ten times a ``take(_:history:)``: to be called when it is read.
    ///
    /// - Parameters:
    ///   - requestsPerSecond: of both pools, for times; nil when it is not known.
    ///   - history: for what is still not known of the instances.
    ///   - sampleRatio: of the release.
    public func evidence(
        requestsPerSecond: Double?, history: BaselineHistory, sampleRatio: SampleRatio = SampleRatio()
    ) -> RegressionEvidence {
        let parts = watch.map(parts(of:)) ?? []
        let planner = EvidencePlanner(
            parts: parts, settings: settings, barLogE: barLogE, requestsPerSecond: requestsPerSecond, method: method)
        let verdict = verdict
        let leading = parts.indices.max { parts[$0].rank < parts[$1].rank }
        let gating = gatingComparisons.compactMap(\.safeLogE)
        var evidence = RegressionEvidence(
            verdict: verdict, logE: logE, maxLogE: maxLogE, barLogE: barLogE, falseAlarm: settings.falseAlarm,
            method: method, parts: parts.map { shown($0, canaryBound: place?.canaryBound) }, leading: leading,
            percentiles: percentiles,
            needed: verdict == .worse ? nil : planner.needed, neededFor: planner.neededFor, reach: planner.reach,
            safeLogE: gating.min(),
            safeBarLogE: gating.isEmpty ? nil : AnytimeP.barLogE(falseAlarm: settings.safeFalseAlarm),
            faultSinceSeconds: verdict == .worse ? lowestAtSeconds : nil,
            caveats: caveats(parts, history, sampleRatio))
        evidence.nulls = shownNulls
        return evidence
    }

    private var shownNulls: [RegressionEvidence.Null] {
        guard let mixed = watch?.mixed else { return [] }
        return mixed.nulls.indices.map { index in
            RegressionEvidence.Null(
                ratio: mixed.nulls[index].ratio, logE: mixed.logE[index], maxLogE: mixed.maxLogE[index],
                barLogE: mixed.nulls[index].barLogE)
        }
    }

    private func parts(of watch: ReleaseWatch) -> [ComparedPart] {
        var parts: [ComparedPart] = []
        if let errors = watch.errors {
            parts.append(ComparedPart(event: .error, comparison: errors, logWeight: log(watch.errorWeight)))
        }
        for (bound, comparison) in zip(watch.boundsSeconds, watch.latency) {
            parts.append(
                ComparedPart(
                    event: .slowerThan(seconds: bound), comparison: comparison, logWeight: watch.boundaryLogWeight))
        }
        return parts
    }

    private func shown(_ part: ComparedPart, canaryBound: Double?) -> RegressionEvidence.Part {
        let comparison = part.comparison
        let counts = comparison.counts
        func pool(_ bad: Double, _ requests: Double) -> RegressionEvidence.PoolRate {
            RegressionEvidence.PoolRate(
                requests: requests, bad: bad, rate: requests > 0 ? bad / requests : nil,
                interval: RateInterval(
                    bad: bad, requests: requests, error: settings.intervalError, dispersion: comparison.dispersion))
        }
        let interval = comparison.ratio?.interval(error: settings.intervalError)
        return RegressionEvidence.Part(
            event: part.event, canaryBoundSeconds: canaryBound,
            baseline: pool(counts.baselineBad, counts.baselineRequests),
            canary: pool(counts.canaryBad, counts.canaryRequests), ratio: comparison.ratioOfRates,
            ratioLow: interval?.low,
            ratioHigh: interval?.high, toleratedRatio: comparison.settings.ratio,
            dispersion: comparison.dispersion,
            logE: part.logE(bar: barLogE), weight: exp(part.logWeight), blocks: comparison.blocks,
            unsteadySeconds: comparison.unsteady?.seconds ?? 0)
    }

    private var percentiles: [RegressionEvidence.Percentile] {
        if case .latency(let quantile) = settings.scope { return [percentile(quantile)] }
        guard let watch, !watch.latency.isEmpty else { return [] }
        func bracket(_ quantile: Double, of pool: (PairCounts) -> (requests: Double, bad: Double)) -> QuantileBracket {
            let counts = watch.latency.map { pool($0.present) }
            return QuantileBracket(
                quantile, upperBounds: watch.boundsSeconds, cumulative: counts.map { $0.requests - $0.bad },
                total: counts.map(\.requests).max() ?? 0, error: settings.intervalError,
                dispersion: watch.latency.map(\.dispersion).max() ?? 1)
        }
        return shownQuantiles.map { quantile in
            RegressionEvidence.Percentile(
                quantile: quantile, baseline: bracket(quantile) { ($0.baselineRequests, $0.baselineBad) },
                canary: bracket(quantile) { ($0.canaryRequests, $0.canaryBad) })
        }
    }

    private func percentile(_ quantile: Double) -> RegressionEvidence.Percentile {
        let dispersion = watch?.latency.map(\.dispersion).max() ?? 1
        func bracket(_ totals: LatencyTotals) -> QuantileBracket {
            totals.bracket(quantile, error: settings.intervalError, dispersion: dispersion)
        }
        return RegressionEvidence.Percentile(
            quantile: quantile, baseline: bracket(baselineLatency), canary: bracket(canaryLatency))
    }

    private func caveats(
        _ parts: [ComparedPart], _ history: BaselineHistory, _ sampleRatio: SampleRatio
    ) -> [RegressionCaveat] {
        var caveats: [RegressionCaveat] = []
        guard let watch else { return caveats }
        if method == .share { caveats.append(.oneBaselineInstance) }
        if isWidened {
            let widest = parts.map(\.comparison.settings.ratio).max() ?? settings.ratio
            caveats.append(
                isOwnPast
                    ? .ownPast(ratio: widest) : .instancesDiffer(canaryInstances: instances.canary, ratio: widest))
        } else if !knowsInstances, assumedDispersion == nil {
            caveats.append(.instancesUnknown(learnedSeconds: history.learnedSeconds))
        }
        let unsteady = parts.compactMap(\.comparison.unsteady).filter(\.isMostly).map(\.seconds).max()
        if let unsteady { caveats.append(.unsteady(seconds: unsteady)) }
        let dispersion = parts.map(\.comparison.dispersion).max() ?? 1
        if method == .pair, dispersion >= 2, parts.contains(where: { history.errorsSeen(of: $0.event) >= 100 }) {
            caveats.append(.clustered(dispersion: dispersion))
        }
        if let mismatch = sampleRatio.mismatch {
            caveats.append(.sampleRatio(told: mismatch.told, seen: mismatch.seen))
        }
        if settings.scope != .errors, watch.latency.isEmpty { caveats.append(missingLatency) }
        if let place {
            caveats.append(
                .tailCompared(baselineBoundSeconds: place.baselineBound, canaryBoundSeconds: place.canaryBound))
        }
        if let place, let missing = place.missingBound {
            caveats.append(.wideBucket(visibleRatio: place.visibleRatio, missingSeconds: missing))
        }
        return caveats
    }
}

extension RegressionMonitor {
    /// Why no latency is compared yet.
    private var missingLatency: RegressionCaveat {
        let isShared = !baselineLatency.boundsSeconds.isEmpty && !canaryLatency.boundsSeconds.isEmpty
        return isShared ? .percentileUnknown : .noCommonBoundary
    }
}

/// A comparison with its place in the whole.
struct ComparedPart {
    let event: BadEvent
    let comparison: Comparison
    let logWeight: Double

    /// By which the part that says most is chosen.
    var rank: Double {
        comparison.settings.barLogE == nil ? logWeight + comparison.logE : comparison.excess
    }

    /// The evidence of this part alone, in relation to the whole rule's bar.
    func logE(bar: Double) -> Double {
        comparison.settings.barLogE == nil ? comparison.logE : bar + comparison.excess
    }
}
