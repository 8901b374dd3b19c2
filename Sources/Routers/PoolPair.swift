import Model

/// What the two pools are called where a router splits the traffic: clusters, services, subsets, servers.
package struct PoolPair: Sendable, Equatable {
    package var baseline: String
    package var canary: String

    package init(baseline: String, canary: String) {
        self.baseline = baseline
        self.canary = canary
    }

    /// In the order of the present roles.
    func aimed(_ aim: RouterAim) -> PoolPair {
        let sides = aim.sides(baseline, canary)
        return PoolPair(baseline: sides.baseline, canary: sides.canary)
    }
}
