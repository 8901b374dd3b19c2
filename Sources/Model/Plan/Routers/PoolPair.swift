/// What the two pools are called where a router splits the traffic: clusters, services, subsets, servers.
public struct PoolPair: Sendable, Equatable, Codable {
    public var baseline: String
    public var canary: String

    public init(baseline: String, canary: String) {
        self.baseline = baseline
        self.canary = canary
    }
}

/// A small HTTP server of the daemon's own, for routers that fetch their split instead of being called.
public struct PullPlan: Sendable, Equatable, Codable {
    public var host: String
    /// 0 is not possible: the router has to know it.
    public var port: Int
    /// The file that is served; Rollguard changes the weights in it, so that it is also what survives a restart.
    public var file: String

    public init(host: String, port: Int, file: String) {
        self.host = host
        self.port = port
        self.file = file
    }
}
