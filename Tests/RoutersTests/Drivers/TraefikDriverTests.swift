import Foundation
import Model
import Testing

@testable import Routers

/// Answers as Traefik 3.7 gave them.
@Suite(.timeLimit(.minutes(15)))
struct TraefikDriverTests {
    private static let file = """
        http:
          routers:
            app: {rule: "PathPrefix(`/`)", service: app}
          services:
            app: {weighted: {services: [{name: v1, weight: 90}, {name: v2, weight: 10}]}}
            v1: {loadBalancer: {servers: [{url: "http://127.0.0.1:1"}]}}
            v2: {loadBalancer: {servers: [{url: "http://127.0.0.1:2"}]}}

        """

    private func plan(
        _ source: TraefikPlan.Source, instances: [String] = ["http://127.0.0.1:8080"], canary: String = "v2"
    ) -> RouterPlan {
        .traefik(
            TraefikPlan(
                instances: instances, service: "app", services: PoolPair(baseline: "v1", canary: canary),
                source: source))
    }

    private static func weighted(_ baseline: Int, _ canary: Int, status: String = "enabled") -> String {
        #"{"weighted":{"services":[{"name":"v1","weight":\#(baseline)},{"name":"v2","weight":\#(canary)}]},"#
            + #""status":"\#(status)","error":["the service \"nope@file\" does not exist"],"name":"app@file","type":"weighted"}"#
    }

    private static func api(
        _ app: String, status: Int = 200,
        child: String = #"{"status":"enabled","serverStatus":{"http://127.0.0.1:1":"UP"}}"#
    ) -> FakeTransport {
        FakeTransport { request, _ in
            if request.url.hasSuffix("/api/http/services/v1@file") { return .reply(200, child) }
            return .reply(status, app)
        }
    }

    private func observe(_ transport: FakeTransport, canary: String = "v2") async throws -> RouterObservation {
        let driver = try makeDriver(plan(.file(path: "/nowhere.yaml"), canary: canary), transport: transport)
        return try #require(await driver.observe(timeoutMs: 20_000).first)
    }

    @Test func theShareIsWhatTraefikHasLoaded() async throws {
        let transport = Self.api(Self.weighted(90, 10))
        let seen = try await observe(transport)
        #expect(seen.canaryBasisPoints == 1_000 && seen.level == .loaded && seen.problem == nil)
        #expect(seen.baselineHealthy == true)
        #expect(
            transport.requests.map(\.url) == [
                "http://127.0.0.1:8080/api/http/services/app@file", "http://127.0.0.1:8080/api/http/services/v1@file",
            ])
        #expect(try await observe(Self.api(Self.weighted(100, 0))).canaryBasisPoints == 0)
    }

    /// A name that does not exist is a 404 for every client, and must not pass for a rollback.
    @Test(
        arguments: [
            (
                weighted(100, 0, status: "disabled"), 200, "v2",
                "clients get 404: the service \"nope@file\" does not exist"
            ),
            (#"{"message":"service not found: app@file"}"#, 404, "v2", "has no service app@file"),
            (weighted(100, 0), 200, "v3", "has no v3 in it; there are v1, v2"),
            (weighted(0, 0), 200, "v2", "no split"), (weighted(-1, 1), 200, "v2", "no split"),
            (#"{"status":"enabled","loadBalancer":{}}"#, 200, "v2", "no weighted service"),
            ("<html>", 200, "v2", "not JSON"),
            ("", 401, "v2", "401"),
        ] as [(String, Int, String, String)])
    func whatIsNoShareIsSaid(answer: String, status: Int, canary: String, excerpt: String) async throws {
        let seen = try await observe(Self.api(answer, status: status), canary: canary)
        #expect(seen.canaryBasisPoints == nil && seen.problem?.contains(excerpt) == true, "\(seen)")
    }

    @Test(
        arguments: [
            (#"{"status":"enabled","serverStatus":{"http://a":"DOWN","http://b":"DOWN"}}"#, false),
            (#"{"status":"enabled","serverStatus":{"http://a":"DOWN","http://b":"UP"}}"#, true),
            (#"{"status":"disabled"}"#, false), (#"{"status":"enabled"}"#, nil),
        ] as [(String, Bool?)])
    func theBaselinesHealthIsTraefiks(child: String, isHealthy: Bool?) async throws {
        #expect(try await observe(Self.api(Self.weighted(90, 10), child: child)).baselineHealthy == isHealthy)
    }

    @Test func theFileIsChangedAndTheCallWaitsForEveryTraefik() async throws {
        try await TemporaryFolder.with { folder in
            let path = folder + "/app.yaml"
            try TemporaryFolder.write(Self.file, to: path)
            // Each Traefik shows the new weights at its third read-back.
            let transport = FakeTransport { _, count in
                .reply(200, Self.weighted(count < 4 ? 90 : 100, count < 4 ? 10 : 0))
            }
            let driver = try makeDriver(
                plan(.file(path: path), instances: ["http://a:1", "http://b:1"]), transport: transport)
            let receipts = await driver.apply(.allBaseline, timeoutMs: 20_000)
            #expect(receipts.map(\.outcome) == [.accepted, .accepted])
            #expect(
                try TemporaryFolder.read(path)
                    == Self.file.replacing("weight: 90", with: "weight: 100").replacing(
                        "weight: 10}]", with: "weight: 0}]"))
            #expect(transport.requests.count >= 5)
            #expect(
                driver.plan(.allBaseline).map(\.call)
                    == Array(repeating: "write \(path): http.services.app.weighted: v1 100, v2 0", count: 2))
        }
    }

    /// A Traefik that is down does not hold up the others, nor the call.
    @Test func aDeadTraefikIsNotWaitedFor() async throws {
        try await TemporaryFolder.with { folder in
            let path = folder + "/app.yaml"
            try TemporaryFolder.write(Self.file, to: path)
            let transport = FakeTransport { request, _ in
                request.url.hasPrefix("http://b")
                    ? .failure(.connectFailed(address: "http://b:1", reason: "refused"))
                    : .reply(200, Self.weighted(100, 0))
            }
            let driver = try makeDriver(
                plan(.file(path: path), instances: ["http://a:1", "http://b:1"]), transport: transport)
            let receipts = await driver.apply(.allBaseline, timeoutMs: 20_000)
            #expect(receipts.map(\.outcome) == [.accepted, .unknown])
            #expect(receipts[1].detail.contains("written, but this instance cannot be asked"))
            let seen = await driver.observe(timeoutMs: 20_000)
            #expect(seen.map(\.canaryBasisPoints) == [0, nil])
            #expect(seen[1].problem?.contains("refused") == true)
            #expect(transport.requests.filter { $0.url.hasPrefix("http://b") }.count == 2)
        }
    }

    @Test func theHTTPProvidersDocumentIsTheFile() async throws {
        try await TemporaryFolder.with { folder in
            let path = folder + "/app.yaml"
            try TemporaryFolder.write(Self.file, to: path)
            let port = try FreePort.find()
            let driver = try makeDriver(
                plan(.pull(PullPlan(host: "127.0.0.1", port: port, file: path))),
                transport: Self.api(Self.weighted(100, 0)))
            _ = await driver.observe(timeoutMs: 20_000)
            let get = "GET /app.yaml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            #expect(try await TCPClient.exchange(port: port, get).hasSuffix("\r\n\r\n" + Self.file))
            #expect(await driver.apply(.allBaseline, timeoutMs: 20_000).map(\.outcome) == [.accepted])
            let answer = try await TCPClient.exchange(port: port, get)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK") && answer.contains("{name: v2, weight: 0}"))
            let put = "PUT /app.yaml HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            #expect(try await TCPClient.exchange(port: port, put).hasPrefix("HTTP/1.1 405"))
            try FileManager.default.removeItem(atPath: path)
            #expect(try await TCPClient.exchange(port: port, get).hasPrefix("HTTP/1.1 503"))
        }
    }

    // MARK: Keys

    private func redis(_ socket: String) -> RouterPlan {
        plan(.redis(RedisAccess(address: socket), rootKey: "traefik"))
    }

    @Test func redisIsAskedByOneScript() async throws {
        try await RawServer.run({ _ in "+OK\r\n" }) { server in
            let access = RedisAccess(address: server.address, user: "ops", password: .file("/pw"), database: 3)
            let answers = try await RawServer.run({ _ in "+OK\r\n+OK\r\n+OK\r\n" }) { server -> [String] in
                var access = access
                access.address = server.address
                let driver = try makeDriver(
                    plan(.redis(access, rootKey: "traefik")), transport: Self.api(Self.weighted(100, 0)),
                    secrets: FakeSecrets(secrets: ["/pw": "hunter22"]))
                #expect(await driver.apply(.allBaseline, timeoutMs: 20_000).map(\.outcome) == [.accepted])
                #expect(!"\(driver.plan(.allBaseline))".contains("hunter22"))
                return server.received
            }
            let sent = try #require(answers.first)
            #expect(
                sent.hasPrefix(
                    "*3\r\n$4\r\nAUTH\r\n$3\r\nops\r\n$8\r\nhunter22\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*8\r\n$4\r\nEVAL"
                ))
            #expect(
                sent.hasSuffix(
                    "$1\r\n0\r\n$44\r\ntraefik/http/services/app/weighted/services/\r\n$2\r\nv1\r\n$3\r\n100\r\n$2\r\nv2\r\n$1\r\n0\r\n"
                ))
        }
    }

    @Test(
        arguments: [
            ("*2\r\n$2\r\nv1\r\n$2\r\nv9\r\n", .rejected, "has the name v2; there are v1, v9"),
            ("*0\r\n", .rejected, "there are no names at all"),
            ("-NOAUTH Authentication required.\r\n", .rejected, "check redis.user"),
            ("-READONLY You can't write against a read only replica.\r\n", .rejected, "name the primary"),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", .unknown, "is this Redis?"), ("+O", .unknown, "before the end"),
            (":1\r\n", .unknown, "answered"),
        ] as [(String, RouterReceipt.Outcome, String)])
    func redisSaysNo(answer: String, outcome: RouterReceipt.Outcome, excerpt: String) async throws {
        try await RawServer.run({ _ in answer }) { server in
            let receipt = try #require(
                await makeDriver(redis(server.address)).apply(.allBaseline, timeoutMs: 20_000).first)
            #expect(receipt.outcome == outcome && receipt.detail.contains(excerpt), "\(receipt)")
        }
    }

    @Test func noServerAtRedisAddressIsUnreachable() async throws {
        let receipt = try #require(
            await makeDriver(redis("127.0.0.1:\(FreePort.find())")).apply(.allBaseline, timeoutMs: 20_000).first)
        #expect(receipt.outcome == .unreachable)
    }

    @Test func etcdsTreeIsChangedOnConditionOfItsNames() async throws {
        let prefix = "traefik/http/services/app/weighted/services/"
        let keys = [
            ("0/name", "v2", "4"), ("0/weight", "10", "9"), ("1/name", "v1", "5"), ("1/weight", "90", "8"),
        ]
        let etcd = FakeEtcd(keys.map { (prefix + $0.0, $0.1, $0.2) })
        let transport = FakeTransport { request, count in
            request.url.hasPrefix("http://127.0.0.1:2379") ? etcd.answer(request) : .reply(200, Self.weighted(100, 0))
        }
        let driver = try makeDriver(
            plan(.etcd(EtcdAccess(endpoints: ["http://127.0.0.1:2379"]), rootKey: "traefik")), transport: transport)
        #expect(await driver.apply(.allBaseline, timeoutMs: 20_000).map(\.outcome) == [.accepted])
        #expect(etcd.value(prefix + "0/weight") == "0" && etcd.value(prefix + "1/weight") == "100")
        #expect(etcd.value(prefix + "0/name") == "v2")
        let missing = try makeDriver(
            plan(.etcd(EtcdAccess(endpoints: ["http://127.0.0.1:2379"]), rootKey: "traefik"), canary: "v7"),
            transport: transport)
        let receipt = try #require(await missing.apply(.allBaseline, timeoutMs: 20_000).first)
        #expect(receipt.outcome == .rejected && receipt.detail.contains("has the name v7; there are v2, v1"))
    }
}
