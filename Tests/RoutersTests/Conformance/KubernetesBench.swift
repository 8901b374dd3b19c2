import Foundation
import Model
import Ports
import RouterConformance
import Routers

extension BenchKind {
    /// An HTTPRoute behind a kube-apiserver, with a gateway that takes everything over at once.
    static let kubernetes = BenchKind(
        name: "kubernetes, scripted", cannotCheck: [.aLostInstanceDoesNotHoldUpTheOthers, .aDeadBaselineIsReported]
    ) { work in
        let secrets = FakeSecrets(secrets: ["RIGHT": "right-token-c0ffee", "WRONG": "wrong-token-badbad"])
        let fake = FakeRouter(addresses: ["http://127.0.0.1:7001"], model: RouteModel.model)
        func driver(_ token: String, canary: String = "shop-v2", name: String = "shop") throws -> any RouterDriver {
            let plan = KubernetesPlan(
                address: fake.addresses[0], namespace: "web", name: name,
                route: .httpRoute(PoolPair(baseline: "shop-v1", canary: canary)),
                security: ClientSecurity(authorization: .bearer(.environment(token))))
            return try makeDriver(
                .kubernetes(plan), transport: CredentialTransport(inner: fake, secrets: secrets), secrets: secrets)
        }
        var bench = RouterBench(driver: try driver("RIGHT"), fake: fake)
        bench.unauthorized = [try driver("WRONG")]
        bench.misnamed = [try driver("RIGHT", canary: "shop-v3"), try driver("RIGHT", name: "shpo")]
        bench.secrets = secrets.secrets.values.sorted()
        try await work(bench)
    }
}

private struct RouteModel: Sendable {
    var weights = [90, 10]
    var version = 7

    static var model: FakeRouter<RouteModel>.Model {
        FakeRouter<RouteModel>.Model(
            shipped: RouteModel(), weights: { ($0.weights[0], $0.weights[1]) },
            setShare: { $0.set([10_000 - $1, $1]) }, answer: { $2.answer($0, $1) })
    }

    private mutating func set(_ weights: [Int]) {
        self.weights = weights
        version += 1
    }

    private mutating func answer(_ request: HTTPRequest, _ path: String) -> HTTPResponse {
        let token = request.header("Authorization") ?? ""
        guard token == "Bearer right-token-c0ffee" else {
            return .text(
                401, #"{"kind":"Status","message":"Unauthorized: \#(token)","reason":"Unauthorized","code":401}"#)
        }
        guard path == "/apis/gateway.networking.k8s.io/v1/namespaces/web/httproutes/shop" else {
            return .text(404, #"{"kind":"Status","reason":"NotFound","message":"not found","code":404}"#)
        }
        if request.method == "PATCH" {
            guard patch(request) else {
                return .text(422, #"{"kind":"Status","message":"the server rejected our request","code":422}"#)
            }
        }
        return .text(
            200,
            #"{"kind":"HTTPRoute","metadata":{"name":"shop","resourceVersion":"\#(version)","generation":\#(version)},"#
                + #""spec":{"rules":[{"backendRefs":[{"name":"shop-v1","weight":\#(weights[0])},"#
                + #"{"name":"shop-v2","weight":\#(weights[1])}]}]},"status":{"parents":[{"conditions":"#
                + #"[{"type":"Accepted","status":"True","observedGeneration":\#(version)}]}]}}"#)
    }

    /// RFC 6902 for the paths that there are; all or nothing.
    private mutating func patch(_ request: HTTPRequest) -> Bool {
        let operations =
            (try? JSONSerialization.jsonObject(with: Data(request.body ?? [])) as? [[String: Any]]) ?? []
        var changed = weights
        for operation in operations {
            let path = operation["path"] as? String ?? ""
            let index = path.contains("backendRefs/1/") ? 1 : 0
            switch operation["op"] as? String {
            case "test" where path == "/metadata/resourceVersion":
                guard operation["value"] as? String == String(version) else { return false }
            case "test":
                guard operation["value"] as? String == ["shop-v1", "shop-v2"][index] else { return false }
            case "add": changed[index] = (operation["value"] as? NSNumber)?.intValue ?? -1
            default: return false
            }
        }
        set(changed)
        return true
    }
}
