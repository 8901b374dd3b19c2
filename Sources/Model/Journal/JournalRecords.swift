/// How a release ended.
public enum ReleaseEnd: String, Sendable, Equatable {
    case promoted
    case rolledBack
    case withdrawn
    case replaced

    /// For a sentence.
    public var text: String {
        switch self {
        case .promoted: "promoted"
        case .rolledBack: "rolled back"
        case .withdrawn: "withdrawn"
        case .replaced: "replaced by another"
        }
    }
}

/// The alert behind an entry, with the values that decided.
public struct AlertRecord: Sendable, Equatable {
    public var rule: String
    public var action: RulePlan.Action
    public var labels: [TextPair]
    public var annotations: [TextPair]
    public var activeSinceWallMs: Int64
    public var evidence: Evidence
    /// Which firing of the rule it is, in the ids of messages; nil for one daemon alone.
    public var epoch: String?

    public init(
        rule: String, action: RulePlan.Action, labels: [TextPair], annotations: [TextPair], activeSinceWallMs: Int64,
        evidence: Evidence
    ) {
        self.rule = rule
        self.action = action
        self.labels = labels
        self.annotations = annotations
        self.activeSinceWallMs = activeSinceWallMs
        self.evidence = evidence
    }
}

/// Everything a verdict was made from.
public struct Evidence: Sendable, Equatable {
    public struct Side: Sendable, Equatable {
        public var version: String
        /// The indicator's value; nil when there was none.
        public var value: Double?
        /// In the window.
        public var requests: Double
        public var errors: Double
        /// Targets whose last scrape worked, and all of them.
        public var healthyTargets: Int
        public var targets: Int

        public init(
            version: String, value: Double?, requests: Double, errors: Double, healthyTargets: Int, targets: Int
        ) {
            self.version = version
            self.value = value
            self.requests = requests
            self.errors = errors
            self.healthyTargets = healthyTargets
            self.targets = targets
        }
    }

    public var indicator: String
    public var windowMs: Int64
    public var condition: String
    public var verdict: Verdict
    public var baseline: Side
    public var canary: Side
    /// Remarks: "latency_p99 is the worst instance's summary quantile".
    public var notes: [String]
    /// Of a rule that asks for proof; nil for a threshold.
    public var regression: RegressionRecord?
    /// What the values measure; nil in records of versions that had no indicators of one's own.
    public var measure: Indicator.Measure?

    public init(
        indicator: String, windowMs: Int64, condition: String, verdict: Verdict, baseline: Side, canary: Side,
        notes: [String] = []
    ) {
        self.indicator = indicator
        self.windowMs = windowMs
        self.condition = condition
        self.verdict = verdict
        self.baseline = baseline
        self.canary = canary
        self.notes = notes
    }
}

/// A rule's answer for one cycle.
public enum Verdict: Sendable, Equatable {
    case healthy
    case breached
    case inconclusive(reason: String)

    /// `healthy`, `breached`, `inconclusive`.
    public var name: String {
        switch self {
        case .healthy: "healthy"
        case .breached: "breached"
        case .inconclusive: "inconclusive"
        }
    }
}

/// Why a wanted rollback is not done.
public struct HoldRecord: Sendable, Equatable {
    public var rule: String
    public var reason: String
    public var evidence: Evidence

    public init(rule: String, reason: String, evidence: Evidence) {
        self.rule = rule
        self.reason = reason
        self.evidence = evidence
    }
}

/// Why a rollout takes its canary out without a rule.
public struct RolloutTrigger: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Equatable, Codable, CaseIterable {
        /// A gate's answer, or its silence.
        case gate
        /// A step lasted too long.
        case overdue
        /// An order without a verdict: the version may begin again.
        case abort
        /// A higher version takes the place; no verdict either.
        case superseded
        /// Another part of its unit, or a member of its group, is rolled back.
        case companion
    }

    public var kind: Kind
    public var by: String
    public var reason: String
    /// Of a companion in a group: whose rollback it follows.
    public var group: GroupLink?

    public init(_ kind: Kind, by: String, reason: String, group: GroupLink? = nil) {
        self.kind = kind
        self.by = by
        self.reason = reason
        self.group = group
    }

    /// `because the gate smoke says rollback: …`
    public var text: String {
        switch kind {
        case .gate: "because of a gate: \(reason) (\(by))"
        case .overdue: "because the step lasted too long: \(reason)"
        case .abort: "aborted by \(by): \(reason)"
        case .superseded: "superseded, by \(by): \(reason)"
        case .companion:
            group.map { "with \($0.release), of group \($0.group) (\($0.incident)): \(reason)" }
                ?? "because \(reason) (\(by))"
        }
    }

    /// The version must not come back until an operator rearms it.
    public var latches: Bool { kind == .gate || kind == .overdue || kind == .companion }
}

/// What a rollback wants and why.
public struct IntentRecord: Sendable, Equatable {
    public enum Trigger: Sendable, Equatable {
        case rule(AlertRecord)
        case operatorCommand(by: String, reason: String)
        /// The rollout itself, or an order to it.
        case rollout(RolloutTrigger)
    }

    public var trigger: Trigger
    public var fromVersion: String
    public var toVersion: String
    /// The last observation before; nil when the split was never read.
    public var splitBefore: Split?
    public var splitWanted: Split
    public var isDryRun: Bool

    public init(
        trigger: Trigger, fromVersion: String, toVersion: String, splitBefore: Split?, splitWanted: Split,
        isDryRun: Bool
    ) {
        self.trigger = trigger
        self.fromVersion = fromVersion
        self.toVersion = toVersion
        self.splitBefore = splitBefore
        self.splitWanted = splitWanted
        self.isDryRun = isDryRun
    }
}
