import Foundation
import NIOHTTP1
import Testing

@testable import ReferenceRouter

/// Test users get the canary at any share, until the route is closed.
struct ForcedRouteTests {
    private static let forced = GrayRouterConfiguration.Forced(header: "X-Canary", cookie: "canary", value: "please")

    private func version(_ router: TestRouter, _ headers: [String] = ["X-Canary: please"]) async throws -> String? {
        try await Reply.to("GET", "/", at: router.data, headers: headers + ["X-User-Id: user-1"])
            .headers["x-rollguard-version"]
    }

    private func put(_ router: TestRouter, _ body: String) async throws -> Int {
        try await Reply.to("PUT", "/api/v1/split", at: router.admin, body: body).status
    }

    @Test func testUsersGetTheCanaryAtNothingUntilTheRouteIsClosed() async throws {
        try await withRouter(change: { $0.forced = Self.forced }) { router, _, _ in
            #expect(try await version(router) == "canary")
            #expect(try await version(router, ["Cookie: a=b; canary=please"]) == "canary")
            for others in [[], ["X-Canary: maybe"], ["X-Canary: please, x"], ["Cookie: canary=no"]] {
                #expect(try await version(router, others) == "baseline", "\(others)")
            }
            let shown = try await Reply.to("GET", "/api/v1/split", at: router.admin)
            #expect(
                shown.rawBody.contains("\"canary_basis_points\":0") && shown.rawBody.contains("\"forced\":\"canary\""))

            #expect(try await put(router, "{\"forced\":\"none\"}") == 200)
            #expect(try await version(router) == "baseline")
            // With turned roles the baseline's servers have the version that is tested.
            #expect(try await put(router, "{\"canary_basis_points\":10000,\"forced\":\"baseline\"}") == 200)
            #expect(try await version(router) == "baseline")
            #expect(try await version(router, []) == "canary")
            #expect(try await put(router, "{\"canary_basis_points\":0}") == 200)
            #expect(try await put(router, "{\"forced\":\"canary\"}") == 200)
            #expect(try await version(router) == "canary")
            #expect(try await version(router, []) == "baseline")
        }
    }

    @Test(arguments: [
        "{\"forced\":\"green\"}", "{\"forced\":null}", "{\"forced\":\"none\",\"forced\":\"canary\"}", "{\"forced\":1}",
    ])
    func aTargetThatThereIsNotIsRefused(body: String) async throws {
        try await withRouter(change: { $0.forced = Self.forced }) { router, _, _ in
            let status = try await put(router, body)
            #expect(status == 400)
        }
    }

    @Test func aRouterWithoutSuchARouteRefusesToOpenIt() async throws {
        try await withRouter { router, _, _ in
            #expect(try await version(router) == "baseline")
            #expect(try await put(router, "{\"forced\":\"canary\"}") == 400)
            let shown = try await Reply.to("GET", "/api/v1/split", at: router.admin)
            #expect(!shown.rawBody.contains("forced"))
        }
    }

    /// Closing does not wait for a disk that is full; opening does. What is saved survives a restart.
    @Test func aClosedRouteStaysClosed() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("split.json")
        let store = try SplitStore(path: path, initialCanaryBasisPoints: 0)
        func change(_ target: ForcedTarget, _ new: Version = .canary) -> Bool {
            let change = SplitStore.Change(
                canaryBasisPoints: nil, forced: target, newVersion: new, precondition: nil, idempotencyKey: nil,
                body: [])
            if case .success = store.change(change, answer: { _ in .json(.ok, "{}") }) { return true }
            return false
        }
        #expect(store.split.forced == .canary && store.current.revision == 1)
        #expect(change(.none) && store.split.forced == .none && store.current.revision == 2)
        try FileManager.default.createDirectory(atPath: path + ".tmp", withIntermediateDirectories: false)
        #expect(!change(.canary) && store.split.forced == .none)
        try FileManager.default.removeItem(atPath: path + ".tmp")
        #expect(change(.canary))
        try FileManager.default.createDirectory(atPath: path + ".tmp", withIntermediateDirectories: false)
        #expect(!change(.none) && store.split.forced == .none)
        try FileManager.default.removeItem(atPath: path + ".tmp")
        #expect(change(.none))
        store.close()
        #expect(try SplitStore(path: path, initialCanaryBasisPoints: 0).split.forced == .none)
    }

    @Test(
        arguments: [
            ("{\"value\": \"x\"}", "forced: a header or a cookie is needed"),
            ("{\"header\": \"a b\", \"value\": \"x\"}", "forced.header"),
            ("{\"cookie\": \"\", \"value\": \"x\"}", "forced.cookie"),
            ("{\"header\": \"a\", \"value\": \"\"}", "forced.value"),
            ("{\"header\": \"a\", \"value\": \"x;y\"}", "forced.value"),
            ("{\"header\": \"a\"}", "value: this field is needed"),
            ("{\"header\": \"a\", \"value\": \"x\", \"query\": \"y\"}", "unknown field 'query'"),
        ])
    func aRouteThatCannotBeUsedIsRefused(forced: String, excerpt: String) throws {
        let folder = try TemporaryFolder()
        let text = """
            {"state_file": "\(folder.file("s.json"))", "baseline": ["10.0.0.1:80"], "canary": ["10.0.0.2:80"],
             "initial_canary_basis_points": 0, "strategy": {"kind": "random"}, "forced": \(forced)}
            """
        let path = try folder.write(text, to: "router.json")
        do {
            _ = try GrayRouter(configuration: try GrayRouterConfiguration.load(path: path))
            Issue.record("it was taken")
        } catch {
            #expect("\(error)".contains(excerpt), "\(error)")
        }
    }
}
