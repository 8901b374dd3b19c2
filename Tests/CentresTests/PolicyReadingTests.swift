import Model
import Ports
import SourceCalls
import Testing

@testable import Centres

/// The policy of a router is in the same centre as the configuration, under keys of its own.
@Suite("A router's policy in a centre")
struct PolicyReadingTests {
    /// What a kind answers to a request for one of the two files.
    private static func answer(_ request: HTTPRequest) -> ScriptedTransport.Answer {
        let (url, values) = (request.url, ["share": "12.5", "strategy.json": "{\"kind\":\"random\"}"])
        let prefix = "rollguard/v1/policy/checkout/"
        if url.contains("services/config") { return .reply(#"[{"homepageUrl":"http://127.0.0.1:8081"}]"#) }
        if url.hasSuffix("/v3/kv/range") {
            let body = String(decoding: request.body ?? [], as: UTF8.self)
            guard body.contains(Live.base64(prefix)) else { return .reply("", status: 400) }
            let pairs = values.map { "{\"key\":\"\(Live.base64(prefix + $0))\",\"value\":\"\(Live.base64($1))\"}" }
            return .reply("{\"header\":{\"revision\":\"7\"},\"kvs\":[\(pairs.joined(separator: ","))]}")
        }
        if url.contains("/v1/kv/\(prefix)") {
            let pairs = values.map {
                "{\"Key\":\"\(prefix)\($0)\",\"ModifyIndex\":7,\"Value\":\"\(Live.base64($1))\"}"
            }
            return .reply("[\(pairs.joined(separator: ","))]", headers: [TextPair("X-Consul-Index", "9")])
        }
        let isShare = url.contains("policy.checkout.share.txt")
        guard isShare || url.contains("policy.checkout.strategy.json") else { return .reply("", status: 404) }
        let text = values[isShare ? "share" : "strategy.json"] ?? ""
        guard url.contains("/configs/") else { return .reply(text, headers: [TextPair("Content-MD5", "m")]) }
        return .reply("{\"releaseKey\":\"k\",\"configurations\":{\"content\":\(CentreBench.quoted(text))}}")
    }

    private static var plans: [CentrePlan] {
        var etcd = EtcdCentrePlan()
        etcd.endpoints = ["http://127.0.0.1:2379"]
        var consul = ConsulCentrePlan()
        consul.address = "http://127.0.0.1:8500"
        var apollo = ApolloCentrePlan()
        (apollo.meta, apollo.application) = (["http://127.0.0.1:8080"], "shop")
        var nacos = NacosCentrePlan()
        nacos.address = "http://127.0.0.1:8848"
        return [CentrePlan(etcd), CentrePlan(consul), CentrePlan(apollo), CentrePlan(nacos)]
    }

    @Test(arguments: 0..<4)
    func isReadFromEachKind(_ index: Int) async throws {
        let plan = Self.plans[index]
        let setup = CentreBench.setup(ScriptedTransport { Self.answer($0) })
        let centre = try #require(CentreKinds.policy(plan, name: "checkout", setup))
        let files = try await centre.read().files
        #expect(
            files == Live.files(["share": "12.5", "strategy.json": "{\"kind\":\"random\"}"]), "\(plan.kind): \(files)")
    }
}
