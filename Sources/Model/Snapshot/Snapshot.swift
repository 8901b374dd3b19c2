/// What the kernel sees now: immutable, made after each step that changed something. The API, `status` and the metrics
/// show it.
public struct Snapshot: Sendable, Equatable {
    public var atWallMs: Int64
    public var isDryRun: Bool
    public var releases: [ReleaseSnapshot]
    /// In the order of their first parts; the parts are in ``releases`` too.
    public var units: [UnitSnapshot] = []
    /// Those in force, in the order in which they were made.
    public var silences: [Silence] = []
    /// What receivers were notified of and what is not over; only with routes.
    public var openSubjects: [OpenSubject] = []
    /// Newest first, at most 100, open ones always included.
    public var incidents: [Incident]
    /// Nil while the journal can be written.
    public var journalProblem: String?
    /// ``DaemonPlan/externalURL``.
    public var externalURL: String?
    /// Nil without a configuration centre.
    public var centre: CentreReport?
    /// Nil for one daemon alone.
    public var replicas: ReplicasReport?
    /// Nil where each replica watches all releases.
    public var fleet: FleetReport?

    public init(
        atWallMs: Int64, isDryRun: Bool, releases: [ReleaseSnapshot], incidents: [Incident],
        journalProblem: String? = nil, externalURL: String? = nil
    ) {
        self.atWallMs = atWallMs
        self.isDryRun = isDryRun
        self.releases = releases
        self.incidents = incidents
        self.journalProblem = journalProblem
        self.externalURL = externalURL
    }
}

public struct ReleaseSnapshot: Sendable, Equatable {
    public enum Phase: String, Sendable, Equatable, CaseIterable {
        /// The canary gets nothing.
        case idle
        case watching
        /// A `hold` rule fires, or a rollback would not help.
        case held
        case rollingBack = "rolling_back"
        /// Latched: the canary stays out until a new version or `rearm`.
        case rolledBack = "rolled_back"
        case promoted
    }

    public var name: String
    public var phase: Phase
    /// Since when, wall clock.
    public var sinceWallMs: Int64
    public var baseline: PoolSnapshot
    public var canary: PoolSnapshot
    /// The canary's share as last observed, basis points; nil when it was not read.
    public var observedCanaryBasisPoints: Int?
    public var observations: [RouterObservation]
    public var rules: [RuleSnapshot]
    public var openIncident: String?
    /// Why the last decision was what it was, in a sentence.
    public var explanation: String
    /// Problems that an operator has to fix: a selector that matches nothing, a router that cannot be read.
    public var warnings: [String]
    public var cycles: Int
    /// Why the router could not be used for a rollback, as the last poll found; nil when nothing speaks against it.
    public var routerProblem: String?
    /// Whether the router could be used for a rollback, as the last poll found; nil before the first poll.
    public var isRouterUsable: Bool?
    /// How often the targets are scraped while evidence against the canary grows, milliseconds; nil while the interval of the
    /// plan holds.
    public var denseScrapesEveryMs: Int64?
    /// Of a release with `steps`; nil for one that is only watched.
    public var rollout: RolloutSnapshot?
    /// Which versions fit the schema, in a sentence; nil without a gate.
    public var schema: String?
    /// What goes back beside the traffic; nil for a release without a plan.
    public var procedure: ProcedureSnapshot?
    /// Who goes back with it, in a sentence; nil for a release in no group.
    public var group: String?
    /// The share that the configuration centre holds, in a sentence; nil for a release without `share_from`.
    public var policy: String?

    public init(
        name: String, phase: Phase, sinceWallMs: Int64, baseline: PoolSnapshot, canary: PoolSnapshot,
        observedCanaryBasisPoints: Int?, observations: [RouterObservation], rules: [RuleSnapshot],
        openIncident: String?, explanation: String, warnings: [String], cycles: Int
    ) {
        self.name = name
        self.phase = phase
        self.sinceWallMs = sinceWallMs
        self.baseline = baseline
        self.canary = canary
        self.observedCanaryBasisPoints = observedCanaryBasisPoints
        self.observations = observations
        self.rules = rules
        self.openIncident = openIncident
        self.explanation = explanation
        self.warnings = warnings
        self.cycles = cycles
    }
}

public struct PoolSnapshot: Sendable, Equatable {
    public var version: String
    public var targets: [TargetSnapshot]
    /// Over the shortest rule window; nil without data.
    public var requestRate: Double?
    public var errorRate: Double?
    /// Seconds.
    public var latencyP99: Double?
    /// Percentiles of the latency, rising: p50, p99 and those that rules use, at most ``LatencySnapshot/limit``; none
    /// without a latency series.
    public var latencies: [LatencySnapshot] = []
    /// The release's own indicators, in the order of their definition.
    public var own: [IndicatorSnapshot] = []

    public init(
        version: String, targets: [TargetSnapshot], requestRate: Double?, errorRate: Double?, latencyP99: Double?
    ) {
        self.version = version
        self.targets = targets
        self.requestRate = requestRate
        self.errorRate = errorRate
        self.latencyP99 = latencyP99
    }
}

/// A percentile of a pool's latency.
public struct LatencySnapshot: Sendable, Equatable {
    /// Of one release.
    public static let limit = 4

    /// `p99`.
    public var name: String
    /// Seconds, over the shortest rule window; nil without data.
    public var seconds: Double?
    /// The bounds between which it lies over the whole release, where a statistical rule knows them; an open end is nil.
    public var lowSeconds: Double?
    public var highSeconds: Double?

    public init(name: String, seconds: Double?, lowSeconds: Double? = nil, highSeconds: Double? = nil) {
        (self.name, self.seconds) = (name, seconds)
        (self.lowSeconds, self.highSeconds) = (lowSeconds, highSeconds)
    }
}

/// The plan of a release: as it is configured, and as far as that of the newest rollback has come.
public struct ProcedureSnapshot: Sendable, Equatable {
    /// What the next rollback freezes; nil where only the newest rollback had a plan.
    public var plan: ProcedurePlan?
    /// The rollback that has frozen a plan and is open or latched; nil without.
    public var incident: String?
    public var run: ProcedureRun?
    /// The newest plan of the ways forward; nil without.
    public var forward: ForwardProcedure?
    /// What the next rollout freezes; nil without steps on the ways forward.
    public var forwardPlan: ProcedurePlan?
    /// What is repeated while a canary is watched.
    public var watched: [ProcedureStep] = []
    /// Names of those that fail now.
    public var failing: [String] = []

    public init(plan: ProcedurePlan?, incident: String? = nil, run: ProcedureRun? = nil) {
        (self.plan, self.incident, self.run) = (plan, incident, run)
    }
}

/// An indicator of the release's own in one pool, over the shortest rule window.
public struct IndicatorSnapshot: Sendable, Equatable {
    public var name: String
    /// Nil without data.
    public var value: Double?
    public var measure: Indicator.Measure

    public init(name: String, value: Double?, measure: Indicator.Measure) {
        self.name = name
        self.value = value
        self.measure = measure
    }
}

public struct TargetSnapshot: Sendable, Equatable {
    public var instance: String
    /// May hold a credential; show `Redaction.url(url)` instead.
    public var url = ""
    /// Nil before the first scrape.
    public var isUp: Bool?
    /// The last scrape's error; nil when it worked.
    public var error: String?
    public var lastScrapeWallMs: Int64?
    public var samples: Int
    /// Of about the last minute; nil while it does not answer.
    public var figures: Figures?

    /// What one instance reports, for people: rules judge whole pools.
    public struct Figures: Sendable, Equatable {
        /// Per second; nil before the first counts.
        public var requestRate: Double?
        /// Those that the shares are of.
        public var requests: Double
        /// Nil where the instance does not say how requests ended.
        public var errors: Double?
        /// Seconds; nil without a sum of latencies.
        public var latencyMean: Double?

        public init(requestRate: Double?, requests: Double, errors: Double?, latencyMean: Double?) {
            (self.requestRate, self.requests, self.errors) = (requestRate, requests, errors)
            self.latencyMean = latencyMean
        }
    }

    public init(instance: String, isUp: Bool?, error: String?, lastScrapeWallMs: Int64?, samples: Int) {
        self.instance = instance
        self.isUp = isUp
        self.error = error
        self.lastScrapeWallMs = lastScrapeWallMs
        self.samples = samples
    }
}

public struct RuleSnapshot: Sendable, Equatable {
    public enum AlertPhase: String, Sendable, Equatable {
        case inactive
        case pending
        case firing
    }

    public var group: String
    public var name: String
    public var action: RulePlan.Action
    public var conditionText: String
    public var windowMs: Int64
    public var forMs: Int64
    public var keepFiringForMs: Int64
    /// With templates expanded.
    public var labels: [TextPair]
    public var annotations: [TextPair]
    public var alert: AlertPhase
    public var activeSinceWallMs: Int64?
    /// Nil before the first evaluation.
    public var evidence: Evidence?
    /// How often the rule has come to each verdict, since the process began or the rule changed.
    public var verdicts = VerdictCounts()
    /// The record of a rule that tries itself on the baseline; nil without.
    public var selfCheck: RegressionRecord.SelfCheckRecord?
    public var lastEvaluationWallMs: Int64?

    public init(
        group: String, name: String, action: RulePlan.Action, conditionText: String, windowMs: Int64, forMs: Int64,
        keepFiringForMs: Int64, labels: [TextPair], annotations: [TextPair], alert: AlertPhase,
        activeSinceWallMs: Int64?, evidence: Evidence?, lastEvaluationWallMs: Int64?
    ) {
        self.group = group
        self.name = name
        self.action = action
        self.conditionText = conditionText
        self.windowMs = windowMs
        self.forMs = forMs
        self.keepFiringForMs = keepFiringForMs
        self.labels = labels
        self.annotations = annotations
        self.alert = alert
        self.activeSinceWallMs = activeSinceWallMs
        self.evidence = evidence
        self.lastEvaluationWallMs = lastEvaluationWallMs
    }
}

/// How often a rule has come to each verdict.
public struct VerdictCounts: Sendable, Equatable {
    public private(set) var healthy = 0
    public private(set) var breached = 0
    public private(set) var inconclusive = 0

    public init() {}

    package mutating func count(_ verdict: Verdict) {
        switch verdict {
        case .healthy: healthy += 1
        case .breached: breached += 1
        case .inconclusive: inconclusive += 1
        }
    }
}
