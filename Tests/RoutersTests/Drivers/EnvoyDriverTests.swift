import Foundation
import Model
import Testing

@testable import Routers

/// Answers as Envoy 1.40 gave them.
struct EnvoyDriverTests {
    private static let admin = EnvoyAdmin(instances: ["http://127.0.0.1:9901"])
    private static let clusters = PoolPair(baseline: "v1", canary: "v2")

    private func runtime(prefix: String = "split.app", clusters: PoolPair = Self.clusters) -> RouterPlan {
        .envoy(EnvoyPlan(mode: .runtime(prefix: prefix, admin: Self.admin), clusters: clusters))
    }

    private static func table(_ name: String, prefix: String?, _ weights: [(String, Int)]) -> String {
        let clusters = weights.map { "{\"name\":\"\($0)\",\"weight\":\($1)}" }.joined(separator: ",")
        let key = prefix.map { ",\"runtime_key_prefix\":\"\($0)\"" } ?? ""
        return """
            {"@type":"type.googleapis.com/envoy.admin.v3.RoutesConfigDump.StaticRouteConfig","route_config":
            {"name":"\(name)","virtual_hosts":[{"name":"vh","domains":["*"],"routes":[{"match":{"prefix":"/h"},"route":
            {"cluster":"v1"}},{"match":{"prefix":"/"},"route":{"weighted_clusters":{"clusters":[\(clusters)]\(key)}}}]}]}}
            """
    }

    private static func transport(
        tables: [String] = [table("rc", prefix: "split.app", [("v1", 90), ("v2", 10)])],
        runtime: [(String, String)] = [], health: String = #"{"eds_health_status":"HEALTHY"}"#,
        modify: FakeTransport.Answer = .reply(200, "OK\n")
    ) -> FakeTransport {
        FakeTransport { request, _ in
            switch request.url.dropFirst("http://127.0.0.1:9901".count) {
            case "/config_dump?resource=static_route_configs":
                return .reply(200, "{\"configs\":[\(tables.joined(separator: ","))]}")
            case "/config_dump?resource=dynamic_route_configs": return .reply(200, "{}")
            case "/runtime":
                let entries = runtime.map { "\"\($0)\":{\"layer_values\":[\"\"],\"final_value\":\"\($1)\"}" }
                return .reply(200, "{\"layers\":[\"admin\"],\"entries\":{\(entries.joined(separator: ","))}}")
            case "/clusters?format=json":
                return .reply(
                    200,
                    #"{"cluster_statuses":[{"name":"v1","host_statuses":[{"health_status":\#(health)}]},{"name":"v2"}]}"#
                )
            case let path where path.hasPrefix("/runtime_modify?"): return modify
            default: return .reply(404, "no")
            }
        }
    }

    private func observe(_ plan: RouterPlan, _ transport: FakeTransport) async throws -> RouterObservation {
        try #require(await makeDriver(plan, transport: transport).observe(timeoutMs: 20_000).first)
    }

    @Test func theRollbackIsOneCallAndTheSumStays() async throws {
        let transport = Self.transport()
        let driver = try makeDriver(runtime(), transport: transport)
        #expect(await driver.apply(.allBaseline, timeoutMs: 20_000).map(\.outcome) == [.accepted])
        let wanted = "http://127.0.0.1:9901/runtime_modify?split.app.v1=100&split.app.v2=0"
        let posts = transport.requests.filter { $0.method == "POST" }
        #expect(posts.map(\.url) == [wanted] && posts.first?.body == nil)
        #expect(driver.plan(.allBaseline).map(\.call) == ["POST " + wanted])
        #expect(driver.capabilities.granularityBasisPoints == 100)
    }

    @Test(
        arguments: [
            ([], 1_000), ([("split.app.v1", "100"), ("split.app.v2", "0")], 0),
            // No number: Envoy uses the configured weight.
            ([("split.app.v1", "100"), ("split.app.v2", "zero")], 909),
            ([("split.app.v2", "-1")], 1_000), ([("split.app.v1", "0"), ("split.app.v2", "5")], 10_000),
            // Keys of others mean nothing.
            ([("split.ap.v1", "100"), ("split.ap.v2", "0")], 1_000),
        ] as [([(String, String)], Int)])
    func theShareIsWhatTheRoutesMakeOfTheRuntime(runtime: [(String, String)], share: Int) async throws {
        let seen = try await observe(self.runtime(), Self.transport(runtime: runtime))
        #expect(seen.canaryBasisPoints == share && seen.level == .loaded && seen.problem == nil)
        #expect(seen.baselineHealthy == true)
    }

    /// Envoy answers 200 to it, and `/runtime` echoes it.
    @Test func aMisspeltPrefixOrClusterIsSeenAndNothingIsWritten() async throws {
        let echoed = [("split.aap.v1", "100"), ("split.aap.v2", "0")]
        for plan in [
            runtime(prefix: "split.aap"), runtime(clusters: PoolPair(baseline: "v1", canary: "v3")),
            runtime(clusters: PoolPair(baseline: "vl", canary: "v2")),
        ] {
            let transport = Self.transport(runtime: echoed)
            let seen = try await observe(plan, transport)
            #expect(seen.canaryBasisPoints == nil)
            #expect(seen.problem?.contains("no route of this Envoy reads") == true, "\(seen)")
            #expect(seen.problem?.contains("the prefixes split.app and the clusters v1, v2") == true, "\(seen)")
            let receipt = try #require(
                await makeDriver(plan, transport: transport).apply(.allBaseline, timeoutMs: 20_000).first)
            #expect(receipt.outcome == .rejected)
            #expect(!transport.requests.contains { $0.method == "POST" })
        }
    }

    @Test func aRouteThatSplitsWithoutThePrefixIsCountedAndSaid() async throws {
        let tables = [
            Self.table("rc", prefix: "split.app", [("v1", 90), ("v2", 10)]),
            Self.table("other", prefix: nil, [("v1", 70), ("v2", 30)]),
        ]
        let seen = try await observe(
            runtime(), Self.transport(tables: tables, runtime: [("split.app.v1", "100"), ("split.app.v2", "0")]))
        #expect(seen.canaryBasisPoints == 3_000 && seen.problem?.contains("other") == true)
    }

    @Test(
        arguments: [
            (#"{"failed_active_health_check":true,"eds_health_status":"HEALTHY"}"#, false),
            (#"{"eds_health_status":"UNHEALTHY"}"#, false), (#"{"failed_outlier_check":true}"#, false), ("{}", true),
        ] as [(String, Bool)])
    func theBaselinesHealthIsEnvoys(health: String, isHealthy: Bool) async throws {
        #expect(try await observe(runtime(), Self.transport(health: health)).baselineHealthy == isHealthy)
    }

    @Test(
        arguments: [
            (.reply(503, "No admin layer specified"), .rejected, "admin_layer: {}"),
            (.reply(200, "surprise"), .rejected, "not OK but: surprise"),
            (.reply(405, "Method Not Allowed"), .rejected, "405"),
            (.failure(.connectFailed(address: "http://r", reason: "refused")), .unreachable, "refused"),
            (.failure(.timedOut(address: "http://r", afterMs: 9)), .unknown, "did not answer"),
        ] as [(FakeTransport.Answer, RouterReceipt.Outcome, String)])
    func anAnswerBecomesAnOutcome(answer: FakeTransport.Answer, outcome: RouterReceipt.Outcome, excerpt: String)
        async throws
    {
        let driver = try makeDriver(runtime(), transport: Self.transport(modify: answer))
        let receipt = try #require(await driver.apply(.allBaseline, timeoutMs: 20_000).first)
        #expect(receipt.outcome == outcome && receipt.detail.contains(excerpt), "\(receipt)")
    }

    /// A rollback does not wait for an Envoy that cannot show its routes.
    @Test func anUnreadableDumpDoesNotKeepTheCallBack() async throws {
        let transport = FakeTransport { request, _ in
            request.method == "POST" ? .reply(200, "OK\n") : .failure(.timedOut(address: "http://r", afterMs: 5))
        }
        let driver = try makeDriver(runtime(), transport: transport)
        #expect(await driver.apply(.allBaseline, timeoutMs: 20_000).map(\.outcome) == [.accepted])
    }

    @Test func aWeightOfEverythingZeroIsNoShare() async throws {
        let seen = try await observe(
            runtime(), Self.transport(runtime: [("split.app.v1", "0"), ("split.app.v2", "0")]))
        #expect(seen.canaryBasisPoints == nil && seen.problem?.contains("404") == true)
    }

    @Test func aUnixSocketIsForOneEnvoy() async throws {
        func plan(_ instances: [String], _ socket: String) -> RouterPlan {
            let admin = EnvoyAdmin(instances: instances, unixSocket: socket)
            return .envoy(EnvoyPlan(mode: .runtime(prefix: "split.app", admin: admin), clusters: Self.clusters))
        }
        let transport = Self.transport()
        let driver = try makeDriver(plan(["http://127.0.0.1:9901"], "/run/envoy.sock"), transport: transport)
        _ = await driver.apply(.allBaseline, timeoutMs: 20_000)
        #expect(transport.requests.count == 3 && transport.requests.allSatisfy { $0.unixSocket == "/run/envoy.sock" })
        #expect(complaint(about: plan(["http://a", "http://b"], "/s"))?.contains("one instance") == true)
        #expect(complaint(about: plan(["http://a"], "s"))?.contains("absolute path") == true)
    }

    // MARK: The route file

    private static let file = """
        version_info: "1"
        resources:
        - "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
          name: app
          virtual_hosts:
          - name: vh
            domains: ["*"]
            routes:
            - match: {prefix: "/"}
              route: {weighted_clusters: {clusters: [{name: v1, weight: 90}, {name: v2, weight: 10}]}}

        """

    @Test func theRouteFileIsWrittenAndTheRunningEnvoyIsRead() async throws {
        try await TemporaryFolder.with { folder in
            let path = folder + "/routes.yaml"
            try TemporaryFolder.write(Self.file, to: path)
            let plan = RouterPlan.envoy(
                EnvoyPlan(mode: .file(path: path, admin: Self.admin), clusters: Self.clusters))
            let taken = Self.transport(tables: [Self.table("app", prefix: nil, [("v1", 100), ("v2", 0)])])
            let driver = try makeDriver(plan, transport: taken)
            #expect(await driver.apply(.allBaseline, timeoutMs: 20_000).map(\.outcome) == [.accepted])
            #expect(
                try TemporaryFolder.read(path)
                    == Self.file.replacing("90", with: "100").replacing(": 10}", with: ": 0}"))
            #expect(await driver.observe(timeoutMs: 20_000).map(\.canaryBasisPoints) == [0])
            #expect(
                driver.plan(.allBaseline).map(\.call) == ["write \(path): weighted_clusters: v1 100, v2 0"])
            // An Envoy that rejects the file keeps what it had.
            let rejecting = Self.transport(tables: [Self.table("app", prefix: nil, [("v1", 90), ("v2", 10)])])
            let seen = try await observe(plan, rejecting)
            #expect(seen.canaryBasisPoints == 1_000 && seen.problem?.contains("rejects this one") == true)
        }
    }

    @Test func aFileWithoutTheClustersIsRefused() async throws {
        try await TemporaryFolder.with { folder in
            try TemporaryFolder.write(Self.file, to: folder + "/r.yaml")
            let plan = RouterPlan.envoy(
                EnvoyPlan(
                    mode: .file(path: folder + "/r.yaml", admin: Self.admin),
                    clusters: PoolPair(baseline: "v1", canary: "v9")))
            let receipt = try #require(await makeDriver(plan).apply(.allBaseline, timeoutMs: 2_000).first)
            #expect(receipt.outcome == .rejected && receipt.detail.contains("both v1 and v9; there are v1, v2"))
            #expect(try TemporaryFolder.read(folder + "/r.yaml") == Self.file)
        }
    }
}
