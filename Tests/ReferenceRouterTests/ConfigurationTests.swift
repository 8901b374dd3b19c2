import Foundation
import ReferenceRouter
import Testing

struct ConfigurationTests {
    private static let needed = """
        "state_file": "/var/lib/s.json", "baseline": ["10.0.0.1:80"], "canary": ["[::1]:81"], \
        "initial_canary_basis_points": 500
        """

    private func load(_ text: String) throws -> GrayRouterConfiguration {
        let folder = try TemporaryFolder()
        return try GrayRouterConfiguration.load(path: try folder.write(text, to: "router.json"))
    }

    private func problem(_ text: String) -> String {
        do {
            _ = try load(text)
            return "none"
        } catch {
            return "\(error)"
        }
    }

    @Test func whatIsLeftOutHasItsDefault() throws {
        let configuration = try load("{\(Self.needed), \"strategy\": {\"kind\": \"random\"}}")
        #expect(
            configuration
                == GrayRouterConfiguration(
                    stateFile: "/var/lib/s.json", baseline: ["10.0.0.1:80"], canary: ["[::1]:81"], strategy: .random,
                    initialCanaryBasisPoints: 500))
        #expect(configuration.listen == "127.0.0.1:0")
        #expect(configuration.adminListen == "127.0.0.1:0")
        #expect(configuration.connectTimeoutMs == 1_000)
        #expect(configuration.responseTimeoutMs == 30_000)
        #expect(configuration.idleTimeoutMs == 60_000)
        #expect(configuration.tokenFile == nil)
        #expect(configuration.trustedProxies.isEmpty)
        #expect([configuration.baselineVersion, configuration.canaryVersion] == ["baseline", "canary"])
    }

    @Test(arguments: [
        GrayRouterConfiguration.Strategy.userHash(header: "X-User-Id", cookie: nil),
        .userHash(header: nil, cookie: "uid"), .region(networks: ["10.0.0.0/8", "::1"]), .random,
    ])
    func whatIsWrittenIsReadAgain(strategy: GrayRouterConfiguration.Strategy) throws {
        let configuration = GrayRouterConfiguration(
            stateFile: "s.json", baseline: ["a:1", "b:2"], canary: ["c:3"], strategy: strategy,
            initialCanaryBasisPoints: 10_000, listen: "0.0.0.0:80", adminListen: "[::1]:9412", tokenFile: "t",
            trustedProxies: ["10.0.0.0/8"], connectTimeoutMs: 1, responseTimeoutMs: 2, idleTimeoutMs: 3,
            baselineVersion: "v1", canaryVersion: "v2")
        let text = String(decoding: try JSONEncoder().encode(configuration), as: UTF8.self)
        #expect(try load(text) == configuration)
    }

    private static let badFiles: [(String, String)] = [
        ("", "this is not valid JSON"), ("[]", "wrong type; an object is needed here"), ("{", "this is not valid JSON"),
        ("{}", "state_file: this field is needed"),
        (
            "{\(needed), \"strategy\": {\"kind\": \"random\"}, \"lisen\": \"a:1\"}",
            "unknown field 'lisen'; the fields are state_file, baseline"
        ),
        ("{\(needed), \"strategy\": {\"kind\": \"sticky\"}}", "strategy.kind: 'sticky' is not a strategy"),
        ("{\(needed), \"strategy\": {\"kind\": \"random\", \"header\": \"a\"}}", "strategy: unknown field 'header'"),
        (
            "{\(needed), \"strategy\": {\"kind\": \"region\", \"networks\": [1]}}",
            "strategy.networks[0]: wrong type; a text"
        ),
        ("{\(needed), \"strategy\": {\"kind\": \"user_hash\"}}", "strategy: user_hash needs a header or a cookie"),
        (
            "{\(needed), \"strategy\": {\"kind\": \"random\"}, \"idle_timeout_ms\": \"1s\"}",
            "idle_timeout_ms: wrong type; a whole number"
        ),
    ]

    @Test(arguments: badFiles)
    func errorsAreNamedWithTheirPlace(text: String, excerpt: String) {
        let problem = problem(text)
        #expect(problem.contains("router.json: error: "))
        #expect(problem.contains(excerpt), "\(problem)")
    }

    @Test func allErrorsAreReportedAtOnce() throws {
        let configuration = GrayRouterConfiguration(
            stateFile: "", baseline: [], canary: ["a:0", "a"], strategy: .region(networks: ["10.0.0.0/40"]),
            initialCanaryBasisPoints: 10_001, listen: "x", trustedProxies: ["proxy"], connectTimeoutMs: 0,
            baselineVersion: "a b", canaryVersion: "a b")
        let error = #expect(throws: GrayRouterError.self) { _ = try GrayRouter(configuration: configuration) }
        guard case .configurationInvalid(nil, let errors) = error else {
            Issue.record("\(error as Any)")
            return
        }
        let fields = Set(errors.compactMap { $0.split(separator: ":").first.map(String.init) })
        #expect(
            fields == [
                "state_file", "baseline", "canary", "strategy.networks", "initial_canary_basis_points", "listen",
                "trusted_proxies", "connect_timeout_ms", "baseline_version", "canary_version",
            ])
        #expect(errors.count { $0.hasPrefix("canary:") } == 2)
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: GrayRouterError.self) {
            _ = try GrayRouterConfiguration.load(path: "/nowhere/r.json")
        }
        #expect(error == .configurationUnreadable(path: "/nowhere/r.json", reason: "No such file or directory"))
    }
}
