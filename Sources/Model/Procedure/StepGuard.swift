import Support

/// A condition on a step: where it does not hold the step is skipped. It is answered at once, from what is known when the step
/// is due.
public enum StepGuard: Sendable, Equatable, Codable {
    /// An earlier step of the same plan has one of these states.
    case step(name: String, states: [State])
    /// The pair of versions, each a pattern in which `*` matches any text; nil for any version.
    case versions(baseline: String?, canary: String?)
    /// A rule with such a name led to the rollback, so its indicator was in breach; `*` matches any text.
    case rule(String)

    /// What a step that is over may have come to; the raw value is the one in the configuration.
    public enum State: String, Sendable, Equatable, Codable, CaseIterable {
        case proved, done, skipped, failed
    }

    /// The pair of versions that a plan is for.
    public struct Pair: Sendable, Equatable {
        /// What is gone back to.
        public var baseline: String
        /// What is left.
        public var canary: String

        public init(baseline: String, canary: String) { (self.baseline, self.canary) = (baseline, canary) }
    }

    /// The condition as a phrase: `new-checkout is proved or done`, `the canary is v1.5*`.
    public var text: String {
        switch self {
        case .step(let name, let states):
            return "\(name) is \(StepGuard.list(states))"
        case .versions(let baseline, let canary):
            let parts = [baseline.map { "the baseline is \($0)" }, canary.map { "the canary is \($0)" }]
            return parts.compactMap { $0 }.joined(separator: " and ")
        case .rule(let pattern): return "the rule \(pattern) led to the rollback"
        }
    }

    /// Why the step is skipped; nil while the condition holds.
    ///
    /// - Parameter run: the plan under way. Without one, of a plan that has not begun, a condition on a step is not known
    ///   to fail.
    /// - Parameter trigger: what led to the rollback; nil where there is none, or not yet.
    public func failure(_ pair: Pair, in run: ProcedureRun?, trigger: IntentRecord.Trigger? = nil) -> String? {
        switch self {
        case .rule(let pattern): return run == nil ? nil : StepGuard.failure(of: pattern, trigger)
        case .step(let name, let states):
            guard let step = run?.step(name) else { return nil }
            let isMet = states.contains { $0.rawValue == step.state.rawValue }
            return isMet ? nil : "\(name) \(step.stateText); its guard wants \(StepGuard.list(states))"
        case .versions(let baseline, let canary):
            let sides = [("baseline", baseline, pair.baseline), ("canary", canary, pair.canary)]
            let wrong = sides.first { _, pattern, version in pattern.map { !WildcardText.matches(version, $0) } ?? false
            }
            return wrong.map { "the \($0.0) is \($0.2); its guard wants \($0.1 ?? "*")" }
        }
    }

    private static func failure(of pattern: String, _ trigger: IntentRecord.Trigger?) -> String? {
        guard case .rule(let alert)? = trigger else { return "no rule led here; its guard wants \(pattern)" }
        return WildcardText.matches(alert.rule, pattern)
            ? nil : "the rule \(alert.rule) led to the rollback; its guard wants \(pattern)"
    }

    private static func list(_ states: [State]) -> String { states.map(\.rawValue).joined(separator: " or ") }
}

extension StepGuard {
    /// What it says before the plan has begun, as a phrase: `runs: the canary is v1.5*`.
    public func preview(_ pair: Pair) -> String {
        if let reason = failure(pair, in: nil) { return "would be skipped: \(reason)" }
        return if case .versions = self { "runs: \(text)" } else { "runs if \(text) then" }
    }
}
