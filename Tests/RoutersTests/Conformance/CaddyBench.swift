import Foundation
import Model
import Ports
import RouterConformance
import Routers

extension BenchKind {
    static let caddyWeights = caddy("caddy weights, scripted", .weights)
    static let caddyUpstreams = caddy("caddy upstreams, scripted", .upstreams)

    /// Caddy has no right to refuse beside TLS, and does not say whether its upstreams are healthy.
    private static func caddy(_ name: String, _ method: CaddyPlan.Method) -> BenchKind {
        let cannot: Set<RouterFact> = [.wrongCredentialsAreRejected, .aDeadBaselineIsReported, .noSecretComesOut]
        return BenchKind(name: name, cannotCheck: cannot) { work in
            let fake = FakeRouter(
                addresses: ["http://127.0.0.1:7001", "http://127.0.0.1:7002"], model: CaddyModel.model(method))
            func driver(id: String = "checkout", canary: String = "127.0.0.1:8082") throws -> any RouterDriver {
                let plan = CaddyPlan(
                    instances: fake.addresses, id: id, baseline: ["127.0.0.1:8081"], canary: [canary], method: method)
                return try makeDriver(.caddy(plan), transport: fake)
            }
            var bench = RouterBench(driver: try driver(), fake: fake)
            bench.misnamed = [try driver(id: "elsewhere"), try driver(canary: "127.0.0.1:8083")]
            try await work(bench)
        }
    }
}

/// The part of Caddy's admin API that matters here, recorded from Caddy 2.11.7: `/id/…` is rewritten to the place in the
/// configuration, an ETag is `"<path> <hash>"`, and a wrong If-Match is 412.
private struct CaddyModel: Sendable {
    var weights = [90, 10]
    var dials = ["127.0.0.1:8081", "127.0.0.1:8082"]
    var revision = 1
    let method: CaddyPlan.Method

    static func model(_ method: CaddyPlan.Method) -> FakeRouter<CaddyModel>.Model {
        var shipped = CaddyModel(method: method)
        if method == .upstreams { shipped.setShare(1_000) }
        return FakeRouter<CaddyModel>.Model(
            shipped: shipped, weights: { $0.sums }, setShare: { $0.setShare($1) }, answer: { $2.answer($0, $1) })
    }

    private var sums: (baseline: Int, canary: Int) {
        let weights = method == .weights ? weights : dials.map { _ in 1 }
        let canary = zip(dials, weights).filter { $0.0.hasSuffix("8082") }.map(\.1).reduce(0, +)
        return (weights.reduce(0, +) - canary, canary)
    }

    private mutating func setShare(_ basisPoints: Int) {
        let canary = basisPoints / 100
        switch method {
        case .weights: weights = [100 - canary, canary]
        case .upstreams:
            dials =
                Array(repeating: "127.0.0.1:8081", count: 100 - canary)
                + Array(repeating: "127.0.0.1:8082", count: canary)
        }
        revision += 1
    }

    private var tag: String { "\"/config/apps/http/servers/web/routes/0/handle/0 \(revision)\"" }

    private mutating func answer(_ request: HTTPRequest, _ path: String) -> HTTPResponse {
        guard path == "/id/checkout" || path.hasPrefix("/id/checkout/") else {
            return .text(404, "{\"error\":\"unknown object ID 'elsewhere'\"}\n")
        }
        if request.method == "GET" { return .text(200, document, headers: [TextPair("Etag", tag)]) }
        if let wanted = request.header("If-Match"), wanted != tag {
            return .text(412, "{\"error\":\"If-Match header did not match current config hash\"}\n")
        }
        guard request.header("Content-Type") == "application/json" else { return .text(400, "content type") }
        let body = try? JSONSerialization.jsonObject(with: Data(request.body ?? []))
        switch path {
        case "/id/checkout/load_balancing/selection_policy/weights":
            guard let list = body as? [Int] else { return .text(400, "no weights") }
            if list.reduce(0, +) == 0 { return .text(500, "{\"error\":\"weights must not sum up to zero\"}\n") }
            weights = list
        case "/id/checkout/upstreams":
            guard let list = body as? [[String: String]] else { return .text(400, "no upstreams") }
            dials = list.compactMap { $0["dial"] }
        default: return .text(404, "no such path")
        }
        revision += 1
        return .text(200, "")
    }

    private var document: String {
        let policy =
            method == .weights
            ? "{\"policy\":\"weighted_round_robin\",\"weights\":\(weights)}" : "{\"policy\":\"random\"}"
        let upstreams = dials.map { "{\"dial\":\"\($0)\"}" }.joined(separator: ",")
        return
            "{\"@id\":\"checkout\",\"handler\":\"reverse_proxy\",\"load_balancing\":{\"selection_policy\":\(policy)},"
            + "\"upstreams\":[\(upstreams)]}"
    }
}
