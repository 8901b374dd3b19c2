import Model
package import Support

/// One release in its present state: the answer of `GET /api/v1/releases/{name}`.
package struct ReleaseDocument: Codable, Sendable, Equatable {
    package var name: String
    /// `idle`, `watching`, `held`, `rolling_back`, `rolled_back` or `promoted`.
    package var phase: String
    package var since: WallTime
    /// Why the last decision was what it was, in a sentence.
    package var explanation: String
    /// Problems that an operator has to fix.
    package var warnings: [String]
    /// Scrape cycles done.
    package var cycles: Int
    /// How often the targets are scraped while evidence against the canary grows, milliseconds; nil while the configured
    /// interval holds.
    @ExplicitNull package var denseScrapesEveryMs: Int64?
    /// The canary's share as last observed, 0...10000; nil when it was not read.
    @ExplicitNull package var canaryBasisPoints: Int?
    package var baseline: PoolDocument
    package var canary: PoolDocument
    /// What the router's instances say.
    package var router: [ObservationDocument]
    package var rules: [RuleDocument]
    @ExplicitNull package var openIncident: String?
    /// Nil for a release without `steps`: it is watched, and nothing is led.
    @ExplicitNull package var rollouts: RolloutsDocument?
    /// Which versions fit the schema of the database, in a sentence; nil for a release whose plan has no `schema`.
    @ExplicitNull package var schema: String?
    /// What goes back beside the traffic; nil for a release without a plan.
    @ExplicitNull package var plan: ReleasePlanDocument?
    /// Who goes back with it, in a sentence; nil for a release in no group.
    @ExplicitNull package var group: String?
    /// The share that the configuration centre holds, in a sentence; nil for a release without `share_from`.
    @ExplicitNull package var policy: String?

    init(_ release: ReleaseSnapshot) {
        name = release.name
        phase = release.phase.rawValue
        since = WallTime(wallMs: release.sinceWallMs)
        explanation = release.explanation
        warnings = release.warnings
        cycles = release.cycles
        denseScrapesEveryMs = release.denseScrapesEveryMs
        canaryBasisPoints = release.observedCanaryBasisPoints
        baseline = PoolDocument(release.baseline)
        canary = PoolDocument(release.canary)
        router = release.observations.map(ObservationDocument.init)
        rules = release.rules.map(RuleDocument.init)
        openIncident = release.openIncident
        rollouts = release.rollout.map(RolloutsDocument.init)
        plan = release.procedure.map(ReleasePlanDocument.init)
        schema = release.schema
        group = release.group
        policy = release.policy
    }

    enum CodingKeys: String, CodingKey {
        case name, phase, since, explanation, warnings, cycles, baseline, canary, router, rules, rollouts, plan, schema
        case group, policy
        case denseScrapesEveryMs = "dense_scrapes_every_ms"
        case canaryBasisPoints = "canary_basis_points"
        case openIncident = "open_incident"
    }
}

/// One version's side of a release. The figures are taken over the shortest rule window.
package struct PoolDocument: Codable, Sendable, Equatable {
    package var version: String
    package var targets: [TargetDocument]
    @ExplicitNull package var requestRatePerSecond: Double?
    /// 0...1.
    @ExplicitNull package var errorRate: Double?
    @ExplicitNull package var latencyP99Seconds: Double?
    /// Percentiles of the latency, rising: p50, p99 and those that rules use, at most four; nil from a daemon that does not say.
    package var latencies: [LatencyDocument]?
    /// The release's own indicators, in the order of their definition.
    package var indicators: [IndicatorDocument]

    init(_ pool: PoolSnapshot) {
        version = pool.version
        targets = pool.targets.map { TargetDocument($0, among: pool.targets) }
        requestRatePerSecond = pool.requestRate
        errorRate = pool.errorRate
        latencyP99Seconds = pool.latencyP99
        latencies = pool.latencies.map(LatencyDocument.init)
        indicators = pool.own.map(IndicatorDocument.init)
    }

    enum CodingKeys: String, CodingKey {
        case version, targets, indicators, latencies
        case requestRatePerSecond = "request_rate_per_second"
        case errorRate = "error_rate"
        case latencyP99Seconds = "latency_p99_seconds"
    }
}

/// A percentile of a pool's latency.
package struct LatencyDocument: Codable, Sendable, Equatable {
    /// `p99`.
    package var name: String
    /// Nil without data.
    @ExplicitNull package var seconds: Double?
    /// The bounds between which it lies over the whole release, where a statistical rule knows them; an open end is nil.
    @ExplicitNull package var lowSeconds: Double?
    @ExplicitNull package var highSeconds: Double?

    init(_ latency: LatencySnapshot) {
        name = latency.name
        seconds = latency.seconds
        (lowSeconds, highSeconds) = (latency.lowSeconds, latency.highSeconds)
    }

    enum CodingKeys: String, CodingKey {
        case name, seconds
        case lowSeconds = "low_seconds"
        case highSeconds = "high_seconds"
    }
}

/// An indicator of the release's own in one pool.
package struct IndicatorDocument: Codable, Sendable, Equatable {
    package var name: String
    /// In the base unit that `unit` names; nil without data.
    @ExplicitNull package var value: Double?
    /// What it measures: `share`, `per_second`, `seconds` or `number`.
    package var unit: String

    init(_ indicator: IndicatorSnapshot) {
        name = indicator.name
        value = indicator.value
        unit = indicator.measure.rawValue
    }
}

/// One scraped address.
package struct TargetDocument: Codable, Sendable, Equatable {
    package var instance: String
    /// Nil before the first scrape.
    @ExplicitNull package var up: Bool?
    /// The last scrape's error; nil when it worked.
    @ExplicitNull package var error: String?
    @ExplicitNull package var lastScrapeAt: WallTime?
    /// Samples of the last scrape body.
    package var samples: Int
    /// Nil while it does not answer.
    @ExplicitNull package var figures: TargetFigures?

    init(_ target: TargetSnapshot, among pool: [TargetSnapshot]) {
        instance = Redaction.url(target.instance)
        up = target.isUp
        error = target.error
        lastScrapeAt = target.lastScrapeWallMs.map { WallTime(wallMs: $0) }
        samples = target.samples
        figures = TargetFigures(target, among: pool)
    }

    enum CodingKeys: String, CodingKey {
        case instance, up, error, samples, figures
        case lastScrapeAt = "last_scrape_at"
    }
}

/// What one router instance says it does.
package struct ObservationDocument: Codable, Sendable, Equatable {
    package var instance: String
    /// 0...10000; nil when it could not be read.
    @ExplicitNull package var canaryBasisPoints: Int?
    /// How far the answer can be trusted: `none`, `config`, `loaded`, `acked`.
    package var level: String
    @ExplicitNull package var revision: String?
    /// Why there is no share, or what is odd although there is one.
    @ExplicitNull package var problem: String?
    /// Nil when the router does not report it.
    @ExplicitNull package var baselineHealthy: Bool?

    init(_ observation: RouterObservation) {
        instance = Redaction.url(observation.instance)
        canaryBasisPoints = observation.canaryBasisPoints
        level = observation.level.rawValue
        revision = observation.revision
        problem = observation.problem
        baselineHealthy = observation.baselineHealthy
    }

    enum CodingKeys: String, CodingKey {
        case instance, level, revision, problem
        case canaryBasisPoints = "canary_basis_points"
        case baselineHealthy = "baseline_healthy"
    }
}
