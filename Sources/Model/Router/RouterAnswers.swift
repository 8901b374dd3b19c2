/// An instance's answer to `apply`. `accepted` is a receipt, not a proof.
public struct RouterReceipt: Sendable, Equatable {
    public enum Outcome: String, Sendable, Equatable {
        case accepted
        /// Another client changed the split at the same time; try again.
        case conflict
        /// The router said no (wrong name, wrong token, bad value).
        case rejected
        case unreachable
        /// The answer was lost; the call may or may not have worked.
        case unknown
    }

    public var instance: String
    public var outcome: Outcome
    /// What the router said, at most 500 characters; empty when accepted.
    public var detail: String

    public init(instance: String, outcome: Outcome, detail: String = "") {
        self.instance = instance
        self.outcome = outcome
        self.detail = detail
    }
}

/// What an instance says it does.
public struct RouterObservation: Sendable, Equatable {
    public var instance: String
    /// The canary's share in basis points; nil when it could not be read (see `problem`).
    public var canaryBasisPoints: Int?
    public var level: RouterCapabilities.Level
    /// ETag, version or revision, where there is one.
    public var revision: String?
    /// Why there is no share, or what is odd although there is one.
    public var problem: String?
    /// False when the router itself says that no baseline server is healthy; nil when it does not report it.
    public var baselineHealthy: Bool?
    /// False when it is known, without changing anything, that a change would be refused (`problem` says why); nil when that
    /// cannot be known.
    public var isWritable: Bool?
    /// Whether the route for test users leads to the canary; nil when the router does not report it.
    public var isForced: Bool?

    public init(
        instance: String, canaryBasisPoints: Int?, level: RouterCapabilities.Level, revision: String? = nil,
        problem: String? = nil, baselineHealthy: Bool? = nil, isWritable: Bool? = nil, isForced: Bool? = nil
    ) {
        self.isForced = isForced
        self.instance = instance
        self.canaryBasisPoints = canaryBasisPoints
        self.level = level
        self.revision = revision
        self.problem = problem
        self.baselineHealthy = baselineHealthy
        self.isWritable = isWritable
    }
}
