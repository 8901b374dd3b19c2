import RouterConformance
import Testing

/// One driver and one way to stand before it.
struct BenchKind: Sendable, CustomTestStringConvertible {
    let name: String
    /// False when the real program is missing here.
    var isInstalled = true
    /// Facts that this bench has no way to find out: named, so that none is left out by accident.
    var cannotCheck: Set<RouterFact> = []
    /// Sets the router up, hands its bench over, and takes everything down.
    let run: @Sendable (_ work: @Sendable (RouterBench) async throws -> Void) async throws -> Void

    var testDescription: String { name }
}

extension BenchKind {
    static let scripted: [BenchKind] = [
        .gray, .haproxyWeightsScripted, .haproxyMapScripted, .nginxInclude, .nginxUpstream, .nginxEndpoint,
        .caddyWeights, .caddyUpstreams, .envoyRuntime, .traefikFile, .etcd, .consul, .kubernetes,
    ]

    static let real: [BenchKind] = [
        .haproxyWeights, .haproxySticky, .haproxyMap, .nginxReal, .caddyReal, .realEnvoy, .realTraefik, .realEtcd,
    ]
}
