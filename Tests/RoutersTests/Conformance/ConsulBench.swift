import Foundation
import Model
import Ports
import RouterConformance
import Routers

extension BenchKind {
    /// Consul's `/v1/config`, as its API documentation describes it.
    static let consul = BenchKind(
        // A splitter belongs to the whole cluster, and reports nothing about servers.
        name: "consul, scripted", cannotCheck: [.aLostInstanceDoesNotHoldUpTheOthers, .aDeadBaselineIsReported]
    ) { work in
        let secrets = FakeSecrets(secrets: ["RIGHT": "right-token-c0ffee", "WRONG": "wrong-token-badbad"])
        let fake = FakeRouter(addresses: ["http://127.0.0.1:7001"], model: ConsulModel.model)
        func driver(_ token: String, canary: String = "v2", service: String = "shop") throws -> any RouterDriver {
            let security = ClientSecurity(authorization: .header(name: "X-Consul-Token", value: .environment(token)))
            let plan = ConsulPlan(
                address: fake.addresses[0], service: service, baseline: .init(subset: "v1"),
                canary: .init(subset: canary), security: security)
            return try makeDriver(
                .consul(plan), transport: CredentialTransport(inner: fake, secrets: secrets), secrets: secrets)
        }
        var bench = RouterBench(driver: try driver("RIGHT"), fake: fake)
        bench.unauthorized = [try driver("WRONG")]
        bench.misnamed = [try driver("RIGHT", canary: "v3"), try driver("RIGHT", service: "shpo")]
        bench.secrets = secrets.secrets.values.sorted()
        try await work(bench)
    }
}

private struct ConsulModel: Sendable {
    /// In basis points; Consul keeps hundredths of a percent.
    var share = 1_000
    var index = 7

    static var model: FakeRouter<ConsulModel>.Model {
        FakeRouter<ConsulModel>.Model(
            shipped: ConsulModel(), weights: { (10_000 - $0.share, $0.share) }, setShare: { $0.set($1) },
            answer: { $2.answer($0, $1) })
    }

    private mutating func set(_ share: Int) {
        self.share = share
        index += 1
    }

    private mutating func answer(_ request: HTTPRequest, _ path: String) -> HTTPResponse {
        let token = request.header("X-Consul-Token") ?? ""
        guard token == "right-token-c0ffee" else {
            return .text(403, "Permission denied: token with AccessorID '\(token)' lacks permission")
        }
        if path == "/v1/config/service-splitter/shop" {
            let weights = (Double(10_000 - share) / 100, Double(share) / 100)
            return .text(
                200,
                #"{"Kind":"service-splitter","Name":"shop","Splits":[{"Weight":\#(weights.0),"ServiceSubset":"v1"},"#
                    + #"{"Weight":\#(weights.1),"ServiceSubset":"v2"}],"CreateIndex":3,"ModifyIndex":\#(index)}"#)
        }
        guard path.hasPrefix("/v1/config"), request.method == "PUT" else {
            return .text(404, "Config entry not found")
        }
        if let cas = path.components(separatedBy: "cas=").dropFirst().first, cas != String(index) {
            return .text(200, "false\n")
        }
        let body = try? JSONSerialization.jsonObject(with: Data(request.body ?? [])) as? [String: Any]
        let splits = body?["Splits"] as? [[String: Any]] ?? []
        let weights = splits.map { ($0["Weight"] as? NSNumber)?.doubleValue ?? 0 }
        guard abs(weights.reduce(0, +) - 100) < 0.001 else { return .text(400, "the sum of all weights must be 100") }
        set(Int((weights[1] * 100).rounded()))
        return .text(200, "true\n")
    }
}
