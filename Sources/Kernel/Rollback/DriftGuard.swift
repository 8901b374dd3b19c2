import Model
import Support

/// The watch over a rollback that is done: what puts the canary back is corrected, unless no one would be there to serve what
/// it has. The old version may have been taken down, and the new one given everything, by hand.
struct DriftGuard: Sendable, Equatable {
    /// An operator asked for the rollback after it was done: what the next poll shows is taken out whatever the baseline does.
    struct Request: Sendable, Equatable {
        let by: String
        let reason: String
    }

    /// What to do about a canary that was put back.
    enum Verdict: Equatable {
        case takeOut
        /// The same, against the guard.
        case overrule(Request)
        case hold(because: String)
        /// The scrapes have not said yet whether the baseline is there.
        case wait
    }

    var request: Request?
    /// Requests of a canary that should have none.
    var stray = StrayTraffic()
    /// People know that the canary is back and is left there, because the baseline cannot serve.
    private var isHoldReported = false
    private var lastReportUptimeMs: Int64?
    /// Polls in a row that found the canary back while the scrapes had not said yet whether the baseline is there.
    private var undecidedPolls = 0

    /// So many cycles in a row settle what a single scrape that failed does not.
    private static let settlingCycles = 3

    /// - Parameters:
    ///   - drifted: the instances that give the canary traffic.
    ///   - isHeld: an earlier verdict was to hold. It does not end with the first answer: a process that crashes again and
    ///     again answers now and then.
    mutating func judge(
        _ drifted: [RouterObservation], baseline: PoolState, canary: PoolState, isHeld: Bool
    ) -> Verdict {
        if let reason = absence(drifted, baseline: baseline, canary: canary, isHeld: isHeld) {
            return request.map { .overrule($0) } ?? .hold(because: reason)
        }
        if isThere(baseline: baseline, canary: canary, isHeld: isHeld) { return .takeOut }
        if let request { return .overrule(request) }
        undecidedPolls += 1
        return .wait
    }

    /// Why the baseline could not serve what the canary has been given; nil when it could, or when that is not known.
    private func absence(
        _ drifted: [RouterObservation], baseline: PoolState, canary: PoolState, isHeld: Bool
    ) -> String? {
        if drifted.contains(where: { $0.baselineHealthy == false }) {
            return "the router says that the baseline has no healthy server"
        }
        guard !seesBaseline(baseline, canary, isHeld: isHeld) else { return nil }
        let isSettled = baseline.absentCycles >= 2 && canary.absentCycles == 0
        return isHeld || isSettled ? "no target of the baseline could be scraped" : nil
    }

    private func isThere(baseline: PoolState, canary: PoolState, isHeld: Bool) -> Bool {
        // Cycles that do not end any more must not keep a bad canary in.
        seesBaseline(baseline, canary, isHeld: isHeld) || undecidedPolls > 2 * Self.settlingCycles
    }

    private func seesBaseline(_ baseline: PoolState, _ canary: PoolState, isHeld: Bool) -> Bool {
        if baseline.presentCycles >= (isHeld ? Self.settlingCycles : 1) { return true }
        // When neither version answers for long, the trouble is between them and us.
        return canary.absentCycles >= Self.settlingCycles
    }

    /// The canary is out again.
    mutating func forgetDrift() { (isHoldReported, request, undecidedPolls) = (false, nil, 0) }

    // MARK: Reports

    /// Whether the correction of a drift is reported. A fight every few seconds over hours must not page an operator
    /// every few seconds; but when the last report was that nothing is done, the next says that something is.
    mutating func reportsCorrection(at now: Moment) -> Bool {
        let isDue = isHoldReported || lastReportUptimeMs.map { now.uptimeMs - $0 >= 60_000 } ?? true
        if isDue { lastReportUptimeMs = now.uptimeMs }
        return isDue
    }

    /// Whether people hear that the canary is left where it is: when that begins, and then every half hour.
    mutating func reportsHold(at now: Moment) -> Bool {
        let pauseMs: Int64 = isHoldReported ? 1_800_000 : 60_000
        guard lastReportUptimeMs.map({ now.uptimeMs - $0 >= pauseMs }) ?? true else { return false }
        (isHoldReported, lastReportUptimeMs) = (true, now.uptimeMs)
        return true
    }

    /// The operator who overruled the guard hears how it ends.
    mutating func overruled() { isHoldReported = true }
}
