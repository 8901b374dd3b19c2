import Foundation
import Model
import Ports
import RouterConformance
import Routers

extension BenchKind {
    /// One key behind etcd's JSON gateway, with a user.
    static let etcd = BenchKind(
        name: "etcd, scripted", cannotCheck: [.aLostInstanceDoesNotHoldUpTheOthers, .aDeadBaselineIsReported]
    ) { work in
        let secrets = FakeSecrets(secrets: ["RIGHT": "right-secret-c0ffee", "WRONG": "wrong-secret-badbad"])
        let fake = FakeRouter(addresses: ["http://127.0.0.1:7001"], model: KeyModel.model)
        func driver(_ password: String, key: String = "/split") throws -> any RouterDriver {
            let access = EtcdAccess(
                endpoints: fake.addresses,
                security: ClientSecurity(authorization: .basic(user: "ops", password: .environment(password))))
            return try makeDriver(.etcd(EtcdPlan(access: access, key: key)), transport: fake, secrets: secrets)
        }
        var bench = RouterBench(driver: try driver("RIGHT"), fake: fake)
        bench.unauthorized = [try driver("WRONG")]
        bench.misnamed = [try driver("RIGHT", key: "/spilt")]
        bench.secrets = secrets.secrets.values.sorted() + ["token-0123"]
        try await work(bench)
    }
}

private struct KeyModel: Sendable {
    var percent = 10
    var revision = 7

    static var model: FakeRouter<KeyModel>.Model {
        var model = FakeRouter<KeyModel>.Model(
            shipped: KeyModel(), weights: { (100 - $0.percent, $0.percent) }, setShare: { $0.set($1 / 100) },
            answer: { $2.answer($0, $1) })
        model.isReading = { !$0.url.hasSuffix("/v3/kv/txn") }
        return model
    }

    private mutating func set(_ percent: Int) {
        self.percent = percent
        revision += 1
    }

    private mutating func answer(_ request: HTTPRequest, _ path: String) -> HTTPResponse {
        let body = (try? JSONSerialization.jsonObject(with: Data(request.body ?? [])) as? [String: Any]) ?? [:]
        if path == "/v3/auth/authenticate" {
            guard body["password"] as? String == "right-secret-c0ffee" else {
                return .text(
                    400, #"{"error":"etcdserver: authentication failed, \#(body["password"] ?? "")","code":3}"#)
            }
            return .text(200, #"{"header":{},"token":"token-0123"}"#)
        }
        guard request.header("Authorization") == "token-0123" else { return .text(401, "invalid auth token") }
        let key = Data("/split".utf8).base64EncodedString()
        switch path {
        case "/v3/kv/range":
            guard body["key"] as? String == key else { return .text(200, #"{"header":{"revision":"1"}}"#) }
            let value = Data("\(percent)".utf8).base64EncodedString()
            return .text(
                200,
                #"{"header":{},"kvs":[{"key":"\#(key)","value":"\#(value)","mod_revision":"\#(revision)"}],"count":"1"}"#
            )
        case "/v3/kv/txn":
            let compare = body["compare"] as? [[String: Any]] ?? []
            guard compare.allSatisfy({ $0["mod_revision"] as? String == String(revision) }) else {
                return .text(200, #"{"header":{"revision":"9"}}"#)
            }
            let put = (body["success"] as? [[String: Any]])?.first?["request_put"] as? [String: Any]
            let text = (put?["value"] as? String).flatMap { Data(base64Encoded: $0) }
            set(text.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? -1)
            return .text(200, #"{"header":{"revision":"9"},"succeeded":true}"#)
        default: return .text(404, "Not Found")
        }
    }
}
