import RouterConformance
import Testing

/// One driver and one router for it.
struct BenchKind: Sendable, CustomTestStringConvertible {
    let name: String
    /// False when the real program is missing here.
    var isInstalled = true
    /// Facts that this bench has no way to find out: named, so that none is left out by accident.
    var cannotCheck: Set<RouterFact> = []
    /// Sets the router up, hands its bench over, and takes everything down.
    let run: @Sendable (_ work: @Sendable (RouterBench) async throws -> Void) async throws -> Void

    var testDescription: String { name }

    /// One fact on one bench.
    struct Check: Sendable, CustomTestStringConvertible {
        let kind: BenchKind
        let fact: RouterFact
        var testDescription: String { "\(kind.name): \(fact.rawValue)" }
    }

    /// What this bench can find out.
    var checks: [Check] {
        RouterFact.allCases.filter { !cannotCheck.contains($0) }.map { Check(kind: self, fact: $0) }
    }
}

extension BenchKind {
    static let scripted: [BenchKind] = [
        .gray, .haproxyWeightsScripted, .haproxyMapScripted, .nginxInclude, .nginxUpstream, .nginxEndpoint,
        .caddyWeights, .caddyUpstreams, .envoyRuntime, .traefikFile, .etcd, .consul, .kubernetes,
    ]

    /// The same routers after a promotion, when the settings' baseline side is the canary.
    static let turned: [BenchKind] = scripted.map(\.turned)

    static let real: [BenchKind] = [
        .haproxyWeights, .haproxySticky, .haproxyMap, .nginxReal, .caddyReal, .realEnvoy, .realTraefik, .realEtcd,
    ]
}
