/// A server from which the samples of targets are read, in the place of scrapes: a Prometheus, or what has its API.
public struct SampleServerPlan: Sendable, Equatable, Codable {
    /// Which parameters a query needs; the raw value is the one in the configuration.
    public enum Flavour: String, Sendable, Equatable, Codable, CaseIterable {
        /// Those of all flavours: each server ignores the ones that it does not know.
        case auto
        case prometheus
        case thanos
        case mimir
        case victoriametrics
    }

    /// Without `/api/v1`.
    public var url: String
    public var flavour: Flavour
    /// Sent with every query: a tenant, `X-Scope-OrgID`.
    public var headers: [TextPair]
    public var security: ClientSecurity
    /// A target whose newest sample is older counts as one that cannot be scraped. Nil: three of the server's scrape
    /// intervals, and at least ``leastMaxAgeMs``.
    public var maxAgeMs: Int64?
    /// The label whose values are the names of the targets.
    public var instanceLabel: String
    /// While the server gives no samples, the targets are scraped.
    public var fallsBackToScrapes = false

    public static let leastMaxAgeMs: Int64 = 30_000

    public init(
        url: String, flavour: Flavour = .auto, headers: [TextPair] = [], security: ClientSecurity = ClientSecurity(),
        maxAgeMs: Int64? = nil, instanceLabel: String = "instance"
    ) {
        self.url = url
        self.flavour = flavour
        self.headers = headers
        self.security = security
        self.maxAgeMs = maxAgeMs
        self.instanceLabel = instanceLabel
    }
}

/// Where the samples of a report come from and how old they are, when a server was asked for them.
public struct SampleOrigin: Sendable, Equatable {
    /// Of the newest sample, by the server's clock, milliseconds, when the report was made.
    public var ageMs: Int64
    /// How often the server scrapes the target, as far as its samples show; nil before two of them are known.
    public var intervalMs: Int64?
    /// The target was scraped, because its server gives no samples.
    public var isFallback: Bool

    public init(ageMs: Int64, intervalMs: Int64? = nil, isFallback: Bool = false) {
        self.ageMs = ageMs
        self.intervalMs = intervalMs
        self.isFallback = isFallback
    }
}
