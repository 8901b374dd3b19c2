public import Discovery

/// Where the targets of a release come from, beside those that are listed in its pools.
public struct DiscoveryPlan: Sendable, Equatable {
    /// At least one, in the order of the configuration.
    public var sources: [SourcePlan]
    /// What is done to the labels before the pool is chosen.
    public var relabelling = Relabelling()
    /// Completes an address that has no `__scheme__` and no `__metrics_path__` of its own.
    public var scheme: String
    public var metricsPath: String

    public init(sources: [SourcePlan], scheme: String = "http", metricsPath: String = "/metrics") {
        self.sources = sources
        self.scheme = scheme
        self.metricsPath = metricsPath
    }
}
