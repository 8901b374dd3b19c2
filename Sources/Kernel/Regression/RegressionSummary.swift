import Model
import Statistics
import Support

/// A regression rule's findings as text.
struct RegressionSummary {
    let found: RegressionEvidence
    let plan: RegressionPlan

    init(_ found: RegressionEvidence, plan: RegressionPlan) {
        self.found = found
        self.plan = plan
    }

    static let nothing = "nothing could be compared yet"

    private var lead: RegressionEvidence.Part? { found.telling.first }

    /// `errors: baseline 1%, canary 2.1% (2.1x, 1.6x to 2.8x), 1 in 33 000 by chance; p99: baseline 250 ms to 500 ms, …`
    var sentence: String {
        guard let lead else { return RegressionSummary.nothing }
        var text = "\(RegressionSummary.name(lead, plan.scope)): baseline \(RegressionSummary.rate(lead.baseline))"
        text += ", canary \(RegressionSummary.rate(lead.canary))"
        if let ratio = lead.ratio { text += " (\(NumberText.plain(ratio))x\(RegressionSummary.interval(lead)))" }
        text += ", \(chance)"
        for one in shownPercentiles {
            text +=
                "; \(RegressionSummary.name(quantile: one.quantile)): baseline \(RegressionSummary.range(one.baseline))"
            text += ", canary \(RegressionSummary.range(one.canary))"
        }
        return text
    }

    /// Of a whole histogram the tail is the one that people speak of.
    private var shownPercentiles: [RegressionEvidence.Percentile] {
        Array(found.percentiles.suffix(1)).filter { $0.baseline.isKnown || $0.canary.isKnown }
    }

    private var chance: String {
        let chance = RegressionSummary.oneIn(found.maxLogE)
        guard chance >= 2 else { return "no evidence of harm" }
        return "1 in \(NumberText.grouped(chance)) by chance"
    }

    // MARK: The verdict

    /// - Parameter blindness: why nothing could be seen in this cycle; what is proven stays proven.
    func verdict(blindness: String?) -> Verdict {
        if found.verdict == .worse { return .breached }
        if let blindness { return .inconclusive(reason: blindness) }
        for case .wideBucket(let ratio, let missing) in found.caveats {
            return .inconclusive(reason: wideBucket(visibleRatio: ratio, missingSeconds: missing))
        }
        switch found.verdict {
        case .safe: return .healthy
        case .worse: return .breached
        case .nothing:
            return .inconclusive(reason: RegressionSummary.nothing + (firstObstacle.map { ": \($0)" } ?? ""))
        case .undecided: return .inconclusive(reason: missing)
        }
    }

    private var firstObstacle: String? {
        for caveat in found.caveats {
            switch caveat {
            case .noCommonBoundary, .percentileUnknown: return note(caveat)
            default: continue
            }
        }
        return nil
    }

    /// `not enough evidence: about 1 900 more requests, 40 s at the present rate`
    private var missing: String {
        guard let needed = found.needed else { return "no sign of harm, not enough evidence for more" + reach }
        var text = "not enough evidence: about \(NumberText.grouped(needed.requests)) more requests"
        if let seconds = needed.seconds { text += ", \(NumberText.wait(seconds: seconds)) at the present rate" }
        return text + reach
    }

    /// `; today's traffic shows 2.1x within 60 s, 1.4x within 10 min, 1.2x within 1 h`
    private var reach: String {
        let shown = found.reach.compactMap { one in
            one.ratio.map { "\(NumberText.plain($0))x within \(NumberText.wait(seconds: one.withinSeconds))" }
        }
        return shown.isEmpty ? "" : "; today's traffic shows " + shown.joined(separator: ", ")
    }

    // MARK: Remarks

    /// What limits the evidence.
    var notes: [String] { found.caveats.map(note) }

    private func note(_ caveat: RegressionCaveat) -> String {
        switch caveat {
        case .oneBaselineInstance:
            "the baseline has one instance, so it is unknown whether bad requests come in clusters: the evidence is "
                + "the canary's share of them in blocks of 15 s, which is slower but needs no such knowledge"
        case .instancesDiffer(let count, let ratio):
            "with \(RegressionSummary.instances(count)), differences under \(NumberText.plain(ratio))x can be the node: instances "
                + "of one version differ, and smaller differences ask for more evidence"
        case .ownPast(let ratio):
            "all instances served the baseline's version before and are compared with that: a change under "
                + "\(NumberText.plain(ratio))x can be the node"
        case .unsteady(let seconds):
            "both pools' rates jump, for \(NumberText.wait(seconds: seconds)) so far: hardly any scrape can count as evidence, "
                + "and only rules with absolute thresholds see anything"
        case .instancesUnknown:
            "there is no half hour of the baseline's history to show how far its instances differ: with few canary instances "
                + "a bad node looks like a bad version"
        case .clustered(let dispersion):
            "bad requests come in clusters: \(NumberText.plain(dispersion)) times fewer independent ones than were counted"
        case .sampleRatio(let expected, let seen):
            "sample-ratio mismatch: the canary serves \(NumberText.percent(seen)) of the requests, the router says "
                + "\(NumberText.percent(expected)); the pools may not get the same users"
        case .noCommonBoundary: "latency needs a histogram whose bounds both pools have"
        case .percentileUnknown:
            "the baseline has had too few requests to say where its percentile lies"
        case .tailCompared(let baseline, let canary):
            "what is compared is the baseline's share of answers slower than \(NumberText.seconds(baseline)) and the canary's "
                + "slower than \(NumberText.seconds(canary)): the whole tail is taken to move by one factor, not the percentile alone"
        case .wideBucket(let ratio, let missing): wideBucket(visibleRatio: ratio, missingSeconds: missing)
        }
    }

    private func wideBucket(visibleRatio: Double, missingSeconds: Double) -> String {
        "the latency bucket at the baseline's \(plan.name) is too wide: only a change above "
            + "\(NumberText.plain(visibleRatio)) times can be seen; add a boundary at "
            + "\(NumberText.plain(missingSeconds)) to the histogram"
    }

    // MARK: Pieces

    /// `errors`, `slower than 250 ms`, `slower than 250 ms (canary 500 ms)`; for a ratio of the release's own its name.
    static func name(_ part: RegressionEvidence.Part, _ scope: RegressionPlan.Scope) -> String {
        switch part.event {
        case .error: return scope.own?.name ?? "errors"
        case .slowerThan(let bound):
            let text = "slower than \(NumberText.seconds(bound))"
            return part.canaryBoundSeconds.map { text + " (canary \(NumberText.seconds($0)))" } ?? text
        }
    }

    /// 0.99 as `p99`.
    static func name(quantile: Double) -> String {
        Indicator.latencyQuantile(quantile).name.replacing("latency_", with: "")
    }

    private static func rate(_ pool: RegressionEvidence.PoolRate) -> String {
        pool.rate.map(NumberText.percent) ?? "no requests"
    }

    private static func interval(_ part: RegressionEvidence.Part) -> String {
        switch (part.ratioLow, part.ratioHigh) {
        case (nil, _): ""
        case (let low?, nil): low > 0 ? ", above \(NumberText.plain(low))x" : ""
        case (let low?, let high?): ", \(NumberText.plain(low))x to \(NumberText.plain(high))x"
        }
    }

    private static func range(_ bracket: QuantileBracket) -> String {
        switch (bracket.lowSeconds, bracket.highSeconds) {
        case (nil, nil): "unknown"
        case (let low?, nil): "above \(NumberText.seconds(low))"
        case (nil, let high?): "below \(NumberText.seconds(high))"
        case (let low?, let high?): "\(NumberText.seconds(low)) to \(NumberText.seconds(high))"
        }
    }

    private static func instances(_ count: Int) -> String { "\(count) canary instance\(count == 1 ? "" : "s")" }

    /// e to the evidence, at most 10^300: more cannot be written as a number.
    static func oneIn(_ logE: Double) -> Double { 1 / max(AnytimeP.value(maxLogE: logE), 1e-300) }
}

extension QuantileBracket {
    fileprivate var isKnown: Bool { lowSeconds != nil || highSeconds != nil }
}
