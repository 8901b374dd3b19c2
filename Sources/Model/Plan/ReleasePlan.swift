public import Telemetry

/// One release to watch: two pools, what to measure, the router, the rules.
public struct ReleasePlan: Sendable, Equatable {
    /// Unique in a plan.
    public var name: String
    /// Both pools run the same version: what they differ by is measured, and nothing is rolled back.
    public var isAA = false
    public var scrape: ScrapePlan
    public var baseline: PoolPlan
    public var canary: PoolPlan
    public var indicators: WatchList
    /// Indicators that the release defines, from the signals of `indicators`; in the order of their definition.
    public var ownIndicators: [OwnIndicator] = []
    public var router: RouterPlan
    public var fallback: FallbackPlan?
    public var rollback: RollbackPlan
    /// Nil takes everything out at once.
    public var drain: DrainPlan?
    public var proof: ProofPlan
    public var rules: [RulePlan]
    /// Some step of the release has an `evidence` gate: the pools are compared request by request, also without a rule with
    /// `regression`.
    public var needsStepEvidence: Bool { rollout?.asksForEvidence ?? false }
    /// How often the release raises the canary's share after its first step; 0 without steps. Faults of load begin then.
    public var laterSteps: Int { max(0, (rollout?.steps.count { $0.basisPoints > 0 } ?? 0) - 1) }
    /// Upper bounds of the latency histogram, seconds, rising, as they are configured; empty when they are not. Only
    /// for checks before the first scrape.
    public var latencyBounds: [Double]
    /// Who orders the share of a release without steps; nil for whoever changes the router.
    public var shareFrom: ShareSource?
    /// How a version is led to all the traffic; nil for a release that is only watched.
    public var rollout: RolloutPlan?
    /// Names of the two places where versions run: the first has the pool `baseline` of this plan, the second `canary`.
    public var places = ["baseline", "canary"]
    /// The roles of the places are the other way round than the configuration has them: its routers are aimed accordingly.
    public var isTurned = false
    /// Its place in a unit; nil for a release that is led, or watched, on its own.
    public var part: PartPlan?
    /// What goes back beside the traffic; nil for traffic alone.
    public var procedure: ProcedurePlan?
    /// Where targets come from beside those that are listed; nil for a release that lists all of its targets.
    public var discovery: DiscoveryPlan?
    /// The file of the configuration centre that defines it; nil for the configuration file and those that it names.
    public var origin: String?
    /// What the configuration asks for and can never get, one diagnostic each; shown as warnings of the release.
    public var remarks: [String] = []

    public init(
        name: String, scrape: ScrapePlan = ScrapePlan(), baseline: PoolPlan, canary: PoolPlan, indicators: WatchList,
        router: RouterPlan, fallback: FallbackPlan? = nil, rollback: RollbackPlan = RollbackPlan(),
        drain: DrainPlan? = nil, proof: ProofPlan = ProofPlan(), rules: [RulePlan], latencyBounds: [Double] = []
    ) {
        self.name = name
        self.scrape = scrape
        self.baseline = baseline
        self.canary = canary
        self.indicators = indicators
        self.router = router
        self.fallback = fallback
        self.rollback = rollback
        self.drain = drain
        self.proof = proof
        self.rules = rules
        self.latencyBounds = latencyBounds
    }

    /// What is read of a pool's scrape bodies: the indicators, narrowed by the pool's own matchers.
    public func indicators(of pool: Pool) -> WatchList { indicators.narrowed(by: self.pool(pool).match) }

    public func pool(_ pool: Pool) -> PoolPlan { pool == .baseline ? baseline : canary }

    /// Whether a rule or a step needs the buckets or the quantiles of the latency.
    public var usesPercentiles: Bool {
        needsStepEvidence && indicators.latency != nil
            || rules.contains { rule in
                if let regression = rule.regression { return regression.scope.hasLatency }
                if case .latencyQuantile = rule.indicator { return true }
                return false
            }
    }

    /// Whether both compare the same two versions.
    public func hasVersions(of other: ReleasePlan) -> Bool {
        baseline.version == other.baseline.version && canary.version == other.canary.version
    }
}

/// Who orders the share of a release without steps; the raw value is the one in the configuration.
public enum ShareSource: String, Sendable, Equatable, CaseIterable {
    /// The key `policy/NAME/share` of the configuration centre.
    case centre
}

public struct PoolPlan: Sendable, Equatable, Codable {
    /// The version's name, as people say it: `v1.5.0`.
    public var version: String
    public var targets: [TargetPlan]
    /// Selects the pool's series in scrape bodies that have those of both pools; empty takes all.
    public var match: SeriesMatchers
    /// Which discovered targets are the pool's, by their labels; empty for a pool whose targets are listed.
    public var select = SeriesMatchers()
    /// Where the samples of the targets are read; nil scrapes them.
    public var server: SampleServerPlan?
    /// The label that distinguishes the instances in the exposition of a proxy; nil where each target is one instance.
    public var instanceLabel: String?

    public init(version: String, targets: [TargetPlan], match: SeriesMatchers = SeriesMatchers()) {
        self.version = version
        self.targets = targets
        self.match = match
    }
}

/// One address that is scraped.
public struct TargetPlan: Sendable, Hashable, Codable {
    /// `host:port`, the `instance` label.
    public var instance: String
    /// The URL of the exposition, `http://10.0.0.11:9090/metrics`.
    public var url: String
    /// Connect through this unix socket instead of TCP.
    public var unixSocket: String?
    /// What its source identifies it by: the uid of a pod, the id of a container. Another id at the same address is another
    /// target. Nil for a listed target, and for sources without ids.
    public var uniqueID: String?
    /// One of several addresses of the URL's host, numeric: the connection is made to it, and the host stays the name that TLS and
    /// the target see. Nil resolves the host with each scrape.
    public var address: String?

    public init(
        instance: String, url: String, unixSocket: String? = nil, uniqueID: String? = nil, address: String? = nil
    ) {
        self.instance = instance
        self.url = url
        self.unixSocket = unixSocket
        self.uniqueID = uniqueID
        self.address = address
    }
}

/// How the targets are scraped.
public struct ScrapePlan: Sendable, Equatable, Codable {
    /// Whether compressed bodies are requested; the raw value is the one in the configuration.
    public enum Compression: String, Sendable, Equatable, Codable, CaseIterable {
        case always = "true"
        case never = "false"
        /// Except on loopback and in private networks, where it costs more than it saves.
        case auto
    }

    /// Which redirects of a target are followed; the raw value is the one in the configuration.
    public enum Redirects: String, Sendable, Equatable, Codable, CaseIterable {
        /// To the target's own host and port, and from `http` on port 80 to `https` on port 443.
        case sameHost = "same_host"
        /// To any host. Credentials go to the target's own host and port only.
        case any
        case none
    }

    public var intervalMs: Int64
    /// At most the interval.
    public var timeoutMs: Int64
    /// A cycle is judged this long after both pools have reported, even when targets have not answered by then; nil
    /// waits for all.
    public var lateAfterMs: Int64?
    /// Largest scrape body, after decompression.
    public var bodyLimitBytes: Int
    public var limits: ScrapeLimits
    /// The format to assume when a response has no usable Content-Type; nil fails the scrape, as Prometheus 3 does.
    public var fallbackFormat: ExpositionFormat?
    public var compression: Compression
    public var redirects: Redirects
    public var security: ClientSecurity
    /// Bodies are put together from samples of several times, each with its timestamp (`/federate`): watched samples that are
    /// older are left out. Nil takes the values for what is true now.
    public var oldestSampleMs: Int64?

    public init(
        intervalMs: Int64 = 5_000, timeoutMs: Int64 = 2_000, bodyLimitBytes: Int = 64 << 20,
        limits: ScrapeLimits = ScrapeLimits(), fallbackFormat: ExpositionFormat? = nil,
        compression: Compression = .always, redirects: Redirects = .sameHost,
        security: ClientSecurity = ClientSecurity()
    ) {
        self.intervalMs = intervalMs
        self.timeoutMs = timeoutMs
        self.bodyLimitBytes = bodyLimitBytes
        self.limits = limits
        self.fallbackFormat = fallbackFormat
        self.compression = compression
        self.redirects = redirects
        self.security = security
    }
}

/// TLS and credentials of a client side, for scrapes, router calls and webhooks alike. Verification is on unless
/// `insecureSkipVerify` says otherwise.
public struct ClientSecurity: Sendable, Equatable, Codable {
    public var caFile: String?
    public var certificateFile: String?
    public var keyFile: String?
    /// Accept any certificate. For tests only.
    public var insecureSkipVerify: Bool
    public var authorization: Authorization?

    public init(
        caFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil, insecureSkipVerify: Bool = false,
        authorization: Authorization? = nil
    ) {
        self.caFile = caFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.insecureSkipVerify = insecureSkipVerify
        self.authorization = authorization
    }
}

/// A credential by reference.
public enum Authorization: Sendable, Equatable, Codable {
    case bearer(SecretReference)
    case basic(user: String, password: SecretReference)
    case header(name: String, value: SecretReference)
}

/// How a rollback is driven and watched.
public struct RollbackPlan: Sendable, Equatable, Codable {
    /// One router call's limit.
    public var callTimeoutMs: Int64
    /// First pause between tries; doubles up to `retryMaxMs`, with jitter.
    public var retryMinMs: Int64
    public var retryMaxMs: Int64
    /// From the verdict to the acknowledgement; past it the incident is `abandoned`, an operator is paged, and the
    /// attempts continue.
    public var deadlineMs: Int64
    /// How often the split is read back while a release is watched and after a rollback.
    public var observeEveryMs: Int64

    public init(
        callTimeoutMs: Int64 = 2_000, retryMinMs: Int64 = 200, retryMaxMs: Int64 = 5_000, deadlineMs: Int64 = 60_000,
        observeEveryMs: Int64 = 5_000
    ) {
        self.callTimeoutMs = callTimeoutMs
        self.retryMinMs = retryMinMs
        self.retryMaxMs = retryMaxMs
        self.deadlineMs = deadlineMs
        self.observeEveryMs = observeEveryMs
    }
}

/// When the canary's traffic counts as gone: its request rate (by the release's own `requests` selector) stays at or below
/// this for `cycles` scrape cycles in a row.
public struct ProofPlan: Sendable, Equatable, Codable {
    /// Requests per second over the whole canary pool. Health checks and stray requests stay below it.
    public var belowPerSecond: Double
    public var cycles: Int

    public init(belowPerSecond: Double = 0.5, cycles: Int = 1) {
        self.belowPerSecond = belowPerSecond
        self.cycles = cycles
    }
}
