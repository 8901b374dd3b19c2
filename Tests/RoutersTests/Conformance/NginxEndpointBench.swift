import Foundation
import Model
import Ports
import RouterConformance
import Routers

extension BenchKind {
    static let nginxEndpoint = BenchKind(name: "nginx endpoint, scripted", cannotCheck: [.aDeadBaselineIsReported]) {
        work in
        let secrets = FakeSecrets(secrets: ["RIGHT": "right-token-c0ffee", "WRONG": "wrong-token-badbad"])
        let fake = FakeRouter(
            addresses: ["http://127.0.0.1:7001", "http://127.0.0.1:7002"], model: EndpointModel.model)
        func driver(_ path: String = "/split/checkout", _ token: String = "RIGHT") throws -> any RouterDriver {
            let security = ClientSecurity(authorization: .bearer(.environment(token)))
            return try makeDriver(
                .nginx(.endpoint(NginxEndpointPlan(instances: fake.addresses, path: path, security: security))),
                transport: CredentialTransport(inner: fake, secrets: secrets), secrets: secrets)
        }
        var bench = RouterBench(driver: try driver(), fake: fake)
        bench.misnamed = [try driver("/split/elsewhere")]
        bench.unauthorized = [try driver("/split/checkout", "WRONG")]
        bench.secrets = secrets.secrets.values.sorted()
        try await work(bench)
    }
}

/// The Lua of docs/tutorials/nginx.md with a token in front.
private struct EndpointModel: Sendable {
    var percent = 10.0
    var revision = 1

    static var model: FakeRouter<EndpointModel>.Model {
        FakeRouter<EndpointModel>.Model(
            shipped: EndpointModel(), weights: { (Int(10_000 - $0.percent * 100), Int($0.percent * 100)) },
            setShare: { $0.set(Double($1) / 100) }, answer: { $2.answer($0, $1) })
    }

    private mutating func set(_ percent: Double) {
        self.percent = percent
        revision += 1
    }

    private mutating func answer(_ request: HTTPRequest, _ path: String) -> HTTPResponse {
        let token = request.header("Authorization") ?? ""
        guard token == "Bearer right-token-c0ffee" else { return .text(403, "not with \(token)") }
        guard path == "/split/checkout" else { return .text(404, "<html>404 Not Found</html>") }
        guard request.method == "PUT" else { return show(200) }
        if let wanted = request.header("If-Match"), wanted != "\"\(revision)\"" { return show(412) }
        let body = try? JSONSerialization.jsonObject(with: Data(request.body ?? [])) as? [String: Double]
        guard let percent = body?["canary_percent"], (0...100).contains(percent) else { return .text(400, "") }
        set(percent)
        return show(200)
    }

    private func show(_ status: Int) -> HTTPResponse {
        .text(
            status, "{\"canary_percent\":\(percent),\"revision\":\(revision)}\n",
            headers: [TextPair("ETag", "\"\(revision)\"")])
    }
}
