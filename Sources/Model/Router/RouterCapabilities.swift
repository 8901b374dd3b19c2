/// What a kind of router can do, as it is configured.
public struct RouterCapabilities: Sendable, Equatable {
    /// What a read-back can show at the best.
    public enum Level: String, Sendable, Equatable {
        /// Nothing can be read back; only the canary's traffic proves.
        case none
        /// What is written in the router's configuration.
        case config
        /// What the running router holds.
        case loaded
        /// The router confirmed that it is in force.
        case acked
    }

    /// Who gets the canary while its share grows.
    public enum Growth: String, Sendable, Equatable, CaseIterable {
        /// Who has the canary keeps it, and others come to it: a threshold on a hash of the user.
        case sameUsers = "same_users"
        /// Drawn for each request: a user changes versions between requests.
        case perRequest = "per_request"
        /// Drawn once for each client, who keeps the result in a cookie: a share grows as new clients come.
        case cookie
        /// The router's configuration decides, and it is not known here.
        case unknown
    }

    /// What a share that was set survives.
    public enum Memory: String, Sendable, Equatable {
        /// A restart of the router with the configuration that it was shipped with.
        case everything
        /// A reload of the router, but no restart.
        case reload
        case nothing
    }

    /// Which shares can be set.
    public enum Range: Sendable, Equatable {
        case anyShare
        /// Nothing for the canary, and no other share.
        case offOnly
    }

    public var readBack: Level
    /// False when clients with a sticky session would stay on the canary at weight 0 and the driver has no stronger call.
    public var movesStickyClients: Bool
    /// Smallest step of the canary's share, basis points. A share is set as the wanted one or less than one step below it.
    public var granularityBasisPoints: Int
    public var growth: Growth
    public var keeps: Memory
    public var sets: Range
    /// Whether the driver can open and close a route that leads test users to the canary at any share.
    public var forced: Bool
    /// Whether the driver can switch a mirror of the baseline's requests to the canary.
    public var mirror: Bool

    public init(
        readBack: Level, movesStickyClients: Bool, granularityBasisPoints: Int, growth: Growth = .unknown,
        keeps: Memory = .nothing, sets: Range = .anyShare, forced: Bool = false, mirror: Bool = false
    ) {
        self.readBack = readBack
        self.movesStickyClients = movesStickyClients
        self.granularityBasisPoints = granularityBasisPoints
        self.growth = growth
        self.keeps = keeps
        self.sets = sets
        self.forced = forced
        self.mirror = mirror
    }
}
