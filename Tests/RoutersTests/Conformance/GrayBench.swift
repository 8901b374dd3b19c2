import Model
import Ports
import RouterConformance
import Routers

extension BenchKind {
    /// The gray router's admin API, as docs/reference/gray-router.md describes it.
    static let gray = BenchKind(name: "gray, scripted", cannotCheck: [.wrongNamesAreNeverTakenForSuccess]) { work in
        let secrets = FakeSecrets(secrets: ["RIGHT": "right-token-c0ffee", "WRONG": "wrong-token-badbad"])
        let fake = FakeRouter(addresses: ["http://127.0.0.1:7001", "http://127.0.0.1:7002"], model: GrayModel.model)
        func driver(_ token: String) throws -> any RouterDriver {
            let security = ClientSecurity(authorization: .header(name: "Authorization", value: .environment(token)))
            return try makeDriver(
                .gray(GrayRouterPlan(instances: fake.addresses, security: security)),
                transport: CredentialTransport(inner: fake, secrets: secrets), secrets: secrets)
        }
        var bench = RouterBench(driver: try driver("RIGHT"), fake: fake)
        bench.unauthorized = [try driver("WRONG")]
        bench.secrets = secrets.secrets.values.sorted()
        try await work(bench)
    }
}

private struct GrayModel: Sendable {
    var share = 1_000
    var revision = 1
    var isBaselineHealthy = true

    static var model: FakeRouter<GrayModel>.Model {
        var model = FakeRouter<GrayModel>.Model(
            shipped: GrayModel(), weights: { (10_000 - $0.share, $0.share) },
            setShare: { $0.set($1) }, answer: { $2.answer($0, $1) })
        model.setBaselineHealth = { $0.isBaselineHealthy = $1 }
        return model
    }

    private mutating func set(_ share: Int) {
        self.share = share
        revision += 1
    }

    private mutating func answer(_ request: HTTPRequest, _ path: String) -> HTTPResponse {
        let token = request.header("Authorization") ?? ""
        guard token == "right-token-c0ffee" else { return .text(401, "who is \(token)?") }
        guard path == "/api/v1/split" else { return .text(404, "no such path") }
        if request.method == "PUT" {
            guard let share = Int(request.bodyText.filter(\.isNumber)) else { return .text(400, "no share") }
            set(share)
        }
        return .text(
            200,
            "{\"canary_percent\":\(Double(share) / 100),\"canary_basis_points\":\(share),\"revision\":\(revision),"
                + "\"baseline_healthy\":\(isBaselineHealthy),\"canary_healthy\":true}")
    }
}
