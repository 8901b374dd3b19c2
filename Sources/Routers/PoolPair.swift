/// What the two pools are called where a router splits the traffic: clusters, services, subsets, servers.
package struct PoolPair: Sendable, Equatable {
    package var baseline: String
    package var canary: String

    package init(baseline: String, canary: String) {
        self.baseline = baseline
        self.canary = canary
    }
}
