import Model
import Support

/// What one rule says at the end of one cycle.
struct RuleEvaluation: Sendable, Equatable {
    let evidence: Evidence
    /// The baseline, judged as if it were the canary, breaches as well: taking the canary out would not help.
    let baselineBreachesToo: Bool
    /// The condition compares the pools and holds. A breach for want of data (`no_data: breach`) compares nothing.
    let isBreachOfComparison: Bool
    /// Why the rule can never be judged with what the targets expose now, and what to change; also among the notes.
    let obstacles: [String]

    init(rule: PreparedThreshold, measure: RuleMeasure) {
        let verdict = RuleEvaluation.verdict(rule: rule, measure: measure)
        let isBreached = verdict == .breached
        baselineBreachesToo = isBreached && RuleEvaluation.isBreachedByBaseline(rule, measure)
        isBreachOfComparison = isBreached && rule.mentions.areBoth && rule.condition.holds(measure.values) == true
        obstacles = measure.obstacles(for: rule.mentions)
        var notes = measure.notes(for: rule.mentions)
        if !obstacles.isEmpty { notes += obstacles }
        if isBreached {
            if rule.noData == .breach, let missing = RuleEvaluation.missingData(measure, rule.mentions) {
                notes.append("\(missing), which the rule takes for a breach (no_data: breach)")
            }
            if baselineBreachesToo { notes.append("the baseline breaches the condition as well") }
        }
        var evidence = Evidence(
            indicator: measure.indicatorName, windowMs: rule.windowMs, condition: rule.conditionText, verdict: verdict,
            baseline: measure.baseline.evidence, canary: measure.canary.evidence, notes: notes)
        evidence.measure = measure.kind
        self.evidence = evidence
    }

    /// Whether the condition holds with the baseline's value in the canary's place.
    private static func isBreachedByBaseline(_ rule: PreparedThreshold, _ measure: RuleMeasure) -> Bool {
        let value = measure[.baseline].value
        let substitute = measure.substitute.map(\.value) ?? value
        return rule.condition.holds(IndicatorValues(baseline: value, canary: substitute)) == true
    }

    /// A regression rule. It compares the pools, so that a baseline that is sick as well is no breach to begin with.
    init(evidence: Evidence) {
        self.evidence = evidence
        (baselineBreachesToo, isBreachOfComparison) = (false, false)
        obstacles = []
    }

    private init(_ evidence: Evidence, obstacles: [String]) {
        (self.evidence, self.obstacles) = (evidence, obstacles)
        (baselineBreachesToo, isBreachOfComparison) = (false, false)
    }

    /// The same without a verdict, because the breach may come of scrapes that cover different times.
    var waitingForTheSameTime: RuleEvaluation {
        var doubted = evidence
        doubted.verdict = .inconclusive(
            reason:
                "the condition holds by counts of a single cycle, in which the two pools were not scraped at the same time"
        )
        return RuleEvaluation(doubted, obstacles: obstacles)
    }

    private static func verdict(rule: PreparedThreshold, measure: RuleMeasure) -> Verdict {
        if let reason = emptiness(measure) { return .inconclusive(reason: reason) }
        if let reason = blindness(measure, .baseline, rule.mentions) { return .inconclusive(reason: reason) }
        if measure.isStartingOver {
            return .inconclusive(reason: "the canary's share of the traffic has changed; the windows start over")
        }
        // Not for want of data: two resolutions are never compared, whatever `no_data` says.
        if let reason = measure.incomparable { return .inconclusive(reason: reason) }
        if let reason = ambiguity(measure, .canary, rule.mentions) ?? ambiguity(measure, .baseline, rule.mentions) {
            return .inconclusive(reason: reason)
        }
        if let reason = blindness(measure, .canary, rule.mentions) {
            return withoutData(rule, baseline: measure[.baseline].value, reason: reason)
        }
        if let reason = tooFew(rule, measure, .baseline) ?? tooFew(rule, measure, .canary) {
            return .inconclusive(reason: reason)
        }
        switch rule.condition.holds(measure.values) {
        case true? where rule.action == .rollback && !measure[.baseline].hasCounts:
            // Nothing is moved to a version that has not been seen to serve.
            return .inconclusive(reason: "the baseline has not reported its requests yet")
        case true?:
            // Whether the baseline does better cannot be known, so nothing is moved to it.
            if rule.action == .rollback, case .incomparable(let reason)? = measure.substitute {
                return .inconclusive(reason: reason)
            }
            return .breached
        case false?: return .healthy
        case nil: return undecided(rule, measure)
        }
    }

    /// A pool has no targets at all. What its last ones counted says nothing about now, and that there are none is neither good
    /// nor bad: whoever lists the targets may be wrong.
    private static func emptiness(_ measure: RuleMeasure) -> String? {
        if measure[.canary].targets == 0 { return "the canary has no targets" }
        return measure[.baseline].targets == 0 ? "the baseline has no targets" : nil
    }

    /// No target of a pool could be scraped in this cycle. A rule that uses one pool alone needs only that one.
    private static func blindness(_ measure: RuleMeasure, _ pool: Pool, _ mentions: MentionedPools) -> String? {
        guard measure[pool].healthyTargets == 0, mentions[pool] else { return nil }
        return "no target of the \(pool.rawValue) could be scraped"
    }

    /// Several processes answer at every address of a pool that could be scraped: its values may be of any of them.
    private static func ambiguity(_ measure: RuleMeasure, _ pool: Pool, _ mentions: MentionedPools) -> String? {
        guard measure[pool].isAmbiguous, mentions[pool] else { return nil }
        return
            "several processes answer at each address of the \(pool.rawValue), so its counts are not used; scrape each"
            + " process at an address of its own"
    }

    private static func tooFew(_ rule: PreparedThreshold, _ measure: RuleMeasure, _ pool: Pool) -> String? {
        guard rule.minRequests > 0 else { return nil }
        let size = measure[pool].sampleSize
        guard size < rule.minRequests, pool == .canary || rule.mentions[pool] else { return nil }
        return
            "the \(pool.rawValue) has \(NumberText.plain(size)) of the \(NumberText.plain(rule.minRequests)) requests"
            + " that the rule asks for"
    }

    /// Why there is nothing of the canary to judge; nil when there is.
    private static func missingData(_ measure: RuleMeasure, _ mentions: MentionedPools) -> String? {
        if let reason = blindness(measure, .canary, mentions) { return reason }
        guard measure[.canary].value == nil, mentions.canary else { return nil }
        return measure.missing(.canary)
    }

    /// A value that decides is missing. The baseline's absence is never held against the canary.
    private static func undecided(_ rule: PreparedThreshold, _ measure: RuleMeasure) -> Verdict {
        if let reason = missingData(measure, rule.mentions) {
            // A target that answers and withholds its counts is not one without data: what it serves is unknown.
            if measure[.canary].withholdingTargets > 0 {
                return .inconclusive(reason: "\(reason): a target answers, but its counts are not known yet")
            }
            return withoutData(rule, baseline: measure[.baseline].value, reason: reason)
        }
        if measure[.baseline].value == nil {
            return .inconclusive(reason: measure.missing(.baseline))
        }
        return .inconclusive(reason: "the condition divides by zero with the present values")
    }

    /// A condition that does not hold whatever the canary's value is (`baseline > 10/s` on a quiet night) is healthy.
    private static func withoutData(_ rule: PreparedThreshold, baseline: Double?, reason: String) -> Verdict {
        switch rule.noData {
        case .hold: .inconclusive(reason: reason)
        case .breach:
            rule.condition.holds(IndicatorValues(baseline: baseline, canary: nil)) == false ? .healthy : .breached
        case .ignore: .healthy
        }
    }
}
