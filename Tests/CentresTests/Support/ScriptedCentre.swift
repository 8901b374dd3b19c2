import Model
import Ports
import SourceCalls
import Synchronization

@testable import Centres

/// A transport that records what it is asked to send and answers by a script.
final class ScriptedTransport: HTTPTransport {
    typealias Answer = Result<HTTPResponse, TransportError>

    private let recorded = Mutex<[HTTPRequest]>([])
    private let script: @Sendable (HTTPRequest) -> Answer

    init(_ script: @escaping @Sendable (HTTPRequest) -> Answer) { self.script = script }

    var requests: [HTTPRequest] { recorded.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        recorded.withLock { $0.append(request) }
        return try script(request).get()
    }
}

extension Result where Success == HTTPResponse, Failure == TransportError {
    static func reply(_ body: String, status: Int = 200, headers: [TextPair] = []) -> Self {
        .success(HTTPResponse(status: status, headers: headers, body: Array(body.utf8)))
    }

    static var unreachable: Self { .failure(.connectFailed(address: "127.0.0.1:1", reason: "refused")) }
}

/// A clock on which every wait is over at once, and which knows how long each was.
final class ImpatientClock: DaemonClock {
    private struct State {
        var uptimeMs: Int64 = 1_000
        var sleeps: [Int64] = []
    }

    private let state = Mutex(State())

    var now: Moment { state.withLock { Moment(uptimeMs: $0.uptimeMs, wallMs: 1_700_000_000_000 + $0.uptimeMs) } }
    var uptimeNs: Int64 { now.uptimeMs * 1_000_000 }
    var taskExecutor: (any TaskExecutor)? { nil }
    /// Milliseconds, in their order.
    var sleeps: [Int64] { state.withLock { $0.sleeps } }

    func sleep(ns: Int64) async throws(CancellationError) {
        await Task.yield()
        if Task.isCancelled { throw CancellationError() }
        let ms = max(0, ns / 1_000_000)
        state.withLock { state in
            state.uptimeMs += ms
            state.sleeps.append(ms)
        }
    }
}

/// A centre of some kind whose server is a script that holds files and can misbehave.
struct CentreBench: Sendable {
    let kind: String
    let centre: @Sendable (CallSetup) -> any Centre
    /// A well-behaved server with these files, by path.
    let server: @Sendable ([String: String], HTTPRequest) -> ScriptedTransport.Answer

    static let all = [etcd, consul, apollo, nacos, nacosThird]

    static func setup(_ transport: any HTTPTransport, clock: any DaemonClock = ImpatientClock()) -> CallSetup {
        CallSetup(
            transport: transport, secrets: FixedSecrets(secrets: ["SECRET": "top-secret-c0ffee"]), clock: clock)
    }

    static let etcd = CentreBench(
        kind: "etcd",
        centre: { setup in
            var plan = EtcdCentrePlan()
            plan.endpoints = ["http://127.0.0.1:2379"]
            plan.security.authorization = .basic(user: "rollguard", password: .environment("SECRET"))
            return EtcdCentre(plan: plan, setup: setup)
        },
        server: { files, request in
            if request.url.hasSuffix("/v3/auth/authenticate") { return .reply("{\"token\":\"t.1\"}") }
            let pairs = files.sorted { $0.key < $1.key }.map { path, text in
                "{\"key\":\"\(Live.base64("rollguard/v1/" + path))\",\"mod_revision\":\"3\",\"value\":\"\(Live.base64(text))\"}"
            }
            return .reply(
                "{\"header\":{\"revision\":\"7\",\"cluster_id\":\"1\"},\"kvs\":[\(pairs.joined(separator: ","))]}")
        })

    static let consul = CentreBench(
        kind: "consul",
        centre: { setup in
            var plan = ConsulCentrePlan()
            (plan.address, plan.token) = ("http://127.0.0.1:8500", .environment("SECRET"))
            return ConsulCentre(plan: plan, setup: setup)
        },
        server: { files, request in
            let pairs = files.sorted { $0.key < $1.key }.map { path, text in
                "{\"Key\":\"rollguard/v1/\(path)\",\"ModifyIndex\":7,\"Value\":\"\(Live.base64(text))\"}"
            }
            guard !files.isEmpty else { return .reply("", status: 404) }
            return .reply("[\(pairs.joined(separator: ","))]", headers: [TextPair("X-Consul-Index", "9")])
        })

    static let names = ["manifest.json", "releases.checkout.yaml", "rules.errors.yaml"]

    static let apollo = CentreBench(
        kind: "apollo",
        centre: { setup in
            var plan = ApolloCentrePlan()
            (plan.meta, plan.application, plan.namespaces) = (["http://127.0.0.1:8080"], "shop", names)
            plan.secret = .environment("SECRET")
            return ApolloCentre(plan: plan, setup: setup)
        },
        server: { files, request in
            if request.url.contains("/services/config") {
                return .reply(
                    #"[{"appName":"APOLLO-CONFIGSERVICE","instanceId":"i","homepageUrl":"http://127.0.0.1:8081/"}]"#)
            }
            if request.url.contains("/notifications/v2") { return .reply("", status: 304) }
            guard let text = content(request, files, { "/\($0)" }) else { return .reply("", status: 404) }
            return .reply(
                "{\"appId\":\"shop\",\"releaseKey\":\"k1\",\"configurations\":{\"content\":\(quoted(text))}}")
        })

    static let nacos = CentreBench(
        kind: "nacos v1", centre: { NacosCentre(plan: nacosPlan(.v1), setup: $0) },
        server: { files, request in
            if request.url.contains("/auth/login") { return .reply(#"{"accessToken":"token-1","tokenTtl":18000}"#) }
            if request.url.contains("/listener") { return .reply("") }
            guard let text = content(request, files, { "dataId=\($0)&" }) else {
                return .reply("config data not exist", status: 404)
            }
            return .reply(text, headers: [TextPair("Content-MD5", "md5-\(text.count)")])
        })

    static let nacosThird = CentreBench(
        kind: "nacos v3", centre: { NacosCentre(plan: nacosPlan(.v3), setup: $0) },
        server: { files, request in
            if request.url.contains("/auth/user/login") {
                return .reply(#"{"accessToken":"token-1","tokenTtl":18000}"#)
            }
            guard let text = content(request, files, { "dataId=\($0)&" }) else {
                return .reply(#"{"code":20004,"message":"resource not found","data":null}"#, status: 404)
            }
            return .reply("{\"code\":0,\"data\":{\"content\":\(quoted(text)),\"md5\":\"m\(text.count)\"}}")
        })

    static func nacosPlan(_ api: NacosCentrePlan.Version) -> NacosCentrePlan {
        var plan = NacosCentrePlan()
        (plan.address, plan.api, plan.dataIDs) = ("http://127.0.0.1:8848", api, names)
        plan.security.authorization = .basic(user: "rollguard", password: .environment("SECRET"))
        return plan
    }

    /// The file that the request asks for.
    private static func content(
        _ request: HTTPRequest, _ files: [String: String], _ part: (String) -> String
    ) -> String? {
        let name = names.first { (request.url + "&").contains(part($0)) }
        return name.flatMap { CentreNames.path($0) }.flatMap { files[$0] }
    }

    static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }
}
