/// Whether both pools say how their requests ended. Versions under comparison often differ in the names of their series and
/// labels, and then one of them shows no errors because nothing selects them.
struct OutcomeDoubt {
    /// Why no value of the pool can be compared with the other one's; nil where it can.
    private(set) var obstacle: String?
    /// Requests were counted of which it is not known how they ended: neither a policy for missing data nor a threshold may
    /// take them for successes.
    private(set) var isUnknown = false

    /// - Parameters:
    ///   - pool: the one whose value is doubted.
    ///   - other: the pool that it is compared with.
    init(of pool: (view: WindowView, state: PoolState, name: String), beside other: PoolState) {
        if pool.view.hasUnknownOutcomes {
            isUnknown = true
            obstacle =
                "not comparable: the series of requests of the \(pool.name) lack the labels that 'errors' selects by, so "
                + "the number of errors is unknown; have the versions different names?"
        } else if pool.state.lacksRequests, other.hasRequestSeries {
            obstacle =
                "not comparable: of the two pools only the other one shows series that 'requests' selects; the "
                + "\(pool.name) has had no request yet, or it has other names"
        }
    }
}

extension OutcomeDoubt {
    typealias Side = (view: WindowView, pool: PoolState)

    /// Gives the estimates without a value the reason why they have none.
    ///
    /// - Returns: why no number of errors may be used at all; nil where both pools have one, or none was counted.
    static func note(
        _ old: inout PercentileEstimate, _ new: inout PercentileEstimate, _ baseline: Side, _ canary: Side
    ) -> String? {
        let ofOld = OutcomeDoubt(of: (baseline.view, baseline.pool, "baseline"), beside: canary.pool)
        let ofNew = OutcomeDoubt(of: (canary.view, canary.pool, "canary"), beside: baseline.pool)
        if old.value == nil { old.obstacle = ofOld.obstacle }
        if new.value == nil { new.obstacle = ofNew.obstacle }
        return [ofNew, ofOld].first(where: \.isUnknown)?.obstacle
    }
}

extension PoolState {
    fileprivate var hasRequestSeries: Bool { targets.contains { $0.isUp == true && $0.hasRequests } }

    /// Targets answer, and none of them shows a series of requests.
    fileprivate var lacksRequests: Bool { healthyTargets > 0 && !hasRequestSeries }
}
