public import Telemetry

/// What one scrape of one target gave.
public struct ScrapeReport: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        /// `warnings` are for people: a selector that matched nothing, with the nearest names.
        case success(TargetReading, warnings: [String])
        case failure(String)
    }

    public var release: String
    public var pool: Pool
    /// Index in the pool's plan.
    public var target: Int
    /// Guards the index across a reload.
    public var instance: String
    public var outcome: Outcome
    /// Of a failure: no connection could be made, so no process listens at the target's address. A process that answers
    /// with an error, or does not answer, may still be serving.
    public var isUnreachable: Bool
    /// Requests among the reading's that the scrapes themselves made, because the counter counts them; 0 where that is
    /// not known.
    public var ownRequests: Double
    /// From the request to its answer, by the monotonic clock: the counts were read within this time. Nil: when the report
    /// was taken in.
    public var sampledUptimeMs: ClosedRange<Int64>?

    /// Which version the target says that it runs; nil where it is not asked, or does not say.
    public var version: String?
    /// Of samples that were read from a server; nil for a scrape. ``sampledUptimeMs`` is then the time of the newest sample.
    public var origin: SampleOrigin?
    /// The parts of the reading that belong to the instances behind a proxy; empty where the target is one instance.
    public var instances: [InstanceReading] = []

    public init(
        release: String, pool: Pool, target: Int, instance: String, outcome: Outcome, isUnreachable: Bool = false,
        ownRequests: Double = 0, sampledUptimeMs: ClosedRange<Int64>? = nil
    ) {
        self.release = release
        self.pool = pool
        self.target = target
        self.instance = instance
        self.outcome = outcome
        self.isUnreachable = isUnreachable
        self.ownRequests = ownRequests
        self.sampledUptimeMs = sampledUptimeMs
    }
}

/// What a scrape body says of one instance among those that it has the series of.
public struct InstanceReading: Sendable, Equatable {
    /// The value of the label that distinguishes the instances.
    public var name: String
    public var reading: TargetReading

    public init(name: String, reading: TargetReading) {
        self.name = name
        self.reading = reading
    }
}
