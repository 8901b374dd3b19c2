/// One fact that outlives the process. Replaying the entries in order into a fresh kernel restores it.
public struct JournalEntry: Sendable, Equatable {
    /// Starts at 1, rises by 1, over the journal's whole life.
    public var sequence: UInt64
    public var wallMs: Int64
    public var release: String
    /// The incident it belongs to, if any: `checkout-17`, from the sequence of its first entry.
    public var incident: String?
    public var event: JournalEvent

    public init(sequence: UInt64, wallMs: Int64, release: String, incident: String?, event: JournalEvent) {
        self.sequence = sequence
        self.wallMs = wallMs
        self.release = release
        self.incident = incident
        self.event = event
    }
}

/// What happened.
public enum JournalEvent: Sendable, Equatable {
    /// A release began to be watched.
    case began(baseline: String, canary: String)
    /// A release ended.
    case ended(ReleaseEnd)
    case alertFiring(AlertRecord)
    case alertResolved(AlertRecord)
    /// A rollback would not help: the baseline is no better, or has no healthy target.
    case held(HoldRecord)
    /// The rollback's intent, written before the router is called. Also sets the latch.
    case intended(IntentRecord)
    /// The journal was unwritable for longer than the grace, so the router was called first.
    case actedBeforeDurable(reason: String)
    /// A step of a rollback that takes the canary out in steps.
    case draining(DrainRecord)
    case applied([RouterReceipt])
    case observed([RouterObservation])
    /// The canary's request rate, requests per second.
    case provenByTraffic(canaryRate: Double)
    /// The router's 0 % is accepted without a proof: no process listens at the targets that could prove it.
    case unproven(reason: String)
    case acknowledged
    /// The deadline passed without an acknowledgement; attempts continue.
    case abandoned(reason: String)
    /// The second router took over.
    case fallback(reason: String)
    /// The canary had traffic again after the rollback.
    case drifted([RouterObservation])
    /// The router shows 0 %, and the canary's targets count requests all the same, requests per second.
    case strayed(canaryRate: Double)
    /// The same, and it is left so: the baseline has no server for it.
    case driftHeld(reason: String)
    /// An operator wants it to be taken out all the same.
    case driftOverruled(by: String, reason: String)
    /// An operator cleared the latch.
    case rearmed(by: String, reason: String)
    /// What the regression rules have found so far; each replaces the ones before.
    case evidence(EvidenceRecord)
    /// The alerts that are pending, and how far their `for` has come; each list replaces the ones before.
    case pending([PendingAlert])
    /// Polls of the router have failed several times in a row while it may be needed.
    case routerUnusable(reason: String)
    /// A poll found that it can be used again.
    case routerUsable
    /// Made by reading, never written: the entry is stored but cannot be read, because it is damaged or a newer version
    /// wrote it. `kind` is the ``name`` of the event that it was.
    case unreadable(kind: String, reason: String)
}

extension JournalEvent {
    /// The event's name in the API and in the journal.
    public var name: String {
        switch self {
        case .began: "began"
        case .ended: "ended"
        case .alertFiring: "alert_firing"
        case .alertResolved: "alert_resolved"
        case .held: "held"
        case .intended: "intended"
        case .actedBeforeDurable: "acted_before_durable"
        case .draining: "draining"
        case .applied: "applied"
        case .observed: "observed"
        case .provenByTraffic: "proven_by_traffic"
        case .unproven: "unproven"
        case .acknowledged: "acknowledged"
        case .abandoned: "abandoned"
        case .fallback: "fallback"
        case .drifted: "drifted"
        case .strayed: "strayed"
        case .driftHeld: "drift_held"
        case .driftOverruled: "drift_overruled"
        case .rearmed: "rearmed"
        case .evidence: "evidence"
        case .pending: "pending"
        case .routerUnusable: "router_unusable"
        case .routerUsable: "router_usable"
        case .unreadable: "unreadable"
        }
    }
}

extension JournalEvent {
    /// A decision that has to stay true after a restart, with the evidence that it rests on.
    public var isDecision: Bool {
        if case .alertFiring = self { return true }
        if case .intended = self { return true }
        if case .held = self { return true }
        return false
    }

    /// Written many times in a release, and only the newest of each release is ever read.
    public var replacesEarlier: Bool {
        if case .evidence = self { return true }
        if case .pending = self { return true }
        return false
    }
}

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

/// What a rollback wants and why.
public struct IntentRecord: Sendable, Equatable {
    public enum Trigger: Sendable, Equatable {
        case rule(AlertRecord)
        case operatorCommand(by: String, reason: String)
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
