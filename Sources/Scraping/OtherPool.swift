import Model
import Support
import Telemetry

/// What a scraper has to know of the other pool, so that no scrape body is compared with itself.
struct OtherPool: Sendable {
    /// For a target whose address differs from one of the other pool's in the query alone.
    var sameEndpoint: SameEndpointWatch?
    /// Of all targets of the release.
    let endpoints: EndpointWatch
    /// The other pool's indicators where each pool has a `match`, so that one scrape body may have the series of both.
    var watch: WatchList?
    /// The other pool has a target with the same address.
    var hasSameTarget = false

    /// For each target of a release.
    ///
    /// - Parameter give: gets a pool, one of its targets, and what is known of the other pool.
    static func forTargets(of release: ReleasePlan, _ give: (Pool, TargetPlan, OtherPool) -> Void) {
        let watches = SameEndpointWatch.watches(of: release)
        let endpoints = EndpointWatch()
        let mayShare = !release.baseline.match.isEmpty && !release.canary.match.isEmpty
        for pool in [Pool.baseline, .canary] {
            let other: Pool = pool == .baseline ? .canary : .baseline
            let others = mayShare ? Set(release.pool(other).targets.map(\.identity)) : []
            for target in release.pool(pool).targets {
                let identity = watches.isEmpty && others.isEmpty ? nil : target.identity
                give(
                    pool, target,
                    OtherPool(
                        sameEndpoint: identity.flatMap { watches[$0] }, endpoints: endpoints,
                        watch: mayShare ? release.indicators(of: other) : nil,
                        hasSameTarget: identity.map(others.contains) ?? false))
            }
        }
    }
}
