/// What the two pools are called where a router splits the traffic: clusters, services, subsets, servers.
public struct PoolPair: Sendable, Equatable {
    public var baseline: String
    public var canary: String

    public init(baseline: String, canary: String) {
        self.baseline = baseline
        self.canary = canary
    }
}
