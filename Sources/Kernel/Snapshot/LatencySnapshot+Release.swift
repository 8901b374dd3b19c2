import Model

extension LatencySnapshot {
    /// The percentiles of a pool that are shown.
    ///
    /// - Parameter view: the pool's window.
    static func all(of side: Pool, _ pool: PoolState, _ view: WindowView, in release: Release) -> [LatencySnapshot] {
        guard release.plan.indicators.latency != nil else { return [] }
        let known = release.rules.evaluations.compactMap { $0?.evidence.regression }.flatMap(\.percentiles)
        return release.plan.shownQuantiles.map { quantile in
            let name = RegressionSummary.name(quantile: quantile)
            let bounds = known.first { $0.name == name }
            return LatencySnapshot(
                name: name, seconds: Indicator.latencyQuantile(quantile).value(in: view, of: pool),
                lowSeconds: side == .baseline ? bounds?.baselineLowSeconds : bounds?.canaryLowSeconds,
                highSeconds: side == .baseline ? bounds?.baselineHighSeconds : bounds?.canaryHighSeconds)
        }
    }
}

extension ReleasePlan {
    /// The median, the 99th percentile, and those that rules use, as far as ``LatencySnapshot/limit`` allows; rising.
    fileprivate var shownQuantiles: [Double] {
        var chosen = [0.5, 0.99]
        for quantile in rules.flatMap(\.usedQuantiles) where chosen.count < LatencySnapshot.limit {
            if !chosen.contains(quantile) { chosen.append(quantile) }
        }
        return chosen.sorted()
    }
}

extension RulePlan {
    /// Quantiles of the latency that the rule compares, or shows beside what it compares.
    fileprivate var usedQuantiles: [Double] {
        switch regression?.scope {
        case .percentile(let quantile)?: return [quantile]
        case .latency?, .release?: return [0.5, 0.9, 0.99]
        case .errors?, .own?: return []
        case nil:
            guard case .latencyQuantile(let quantile) = indicator else { return [] }
            return [quantile]
        }
    }
}

extension ProcedureSnapshot {
    /// Nil for a release that has, and had, no plan.
    init?(_ release: Release) {
        let incident = release.rollback?.incident
        let configured = release.plan.procedure.flatMap { $0.steps.isEmpty ? nil : $0 }
        guard configured != nil || incident?.procedure != nil || release.forward != nil else { return nil }
        self.init(
            plan: configured?.ordered, incident: incident?.procedure == nil ? nil : incident?.id,
            run: incident?.procedure)
        forward = release.forward
        forwardPlan = configured?.forward(
            from: release.plan.baseline.version, to: release.plan.canary.version, isOneStep: false)
        watched = configured?.steps(on: .watch) ?? []
        failing = release.stepWatch.failing
    }
}
