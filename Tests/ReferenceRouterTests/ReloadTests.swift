import Foundation
import NIOCore
import Testing

@testable import ReferenceRouter

/// A configuration that is taken up while the router runs.
struct ReloadTests {
    private func configuration(
        _ router: TestRouter, _ change: (inout GrayRouterConfiguration) -> Void
    ) throws -> GrayRouterConfiguration {
        var configuration = router.router.runningNow?.configuration.current ?? router.router.configuration
        change(&configuration)
        return configuration
    }

    /// The next answer on a kept connection; the bodies here have 4 bytes at least, and no line breaks.
    private static func reply(on client: RawClient) async throws -> Reply {
        let text = try await client.receive { text in
            text.range(of: "\r\n\r\n").map { text.distance(from: $0.upperBound, to: text.endIndex) >= 4 } ?? false
        }
        client.clear()
        return try Reply(text)
    }

    private static func reload(
        _ router: TestRouter, _ next: GrayRouterConfiguration
    ) async throws -> [String] { try await router.router.reload(next) }

    @Test func newServersGetTheNextRequestEvenOnAKeptConnection() async throws {
        let third = try await StubServer.start { _ in .ok("third") }
        try await withRouter(canaryBasisPoints: 10_000) { router, _, canary in
            let client = try await RawClient.connect(router.data)
            let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            try await client.send(request)
            #expect(try await Self.reply(on: client).rawBody == "GET /")
            let next = try configuration(router) {
                $0.canary = [third.address]
                $0.canaryVersion = "v3"
            }
            #expect(try await Self.reload(router, next) == ["canary", "canary_version"])
            try await client.send(request)
            let reply = try await Self.reply(on: client)
            #expect(reply.rawBody == "third" && reply.headers["x-rollguard-version"] == "v3")
            #expect(canary.log.requests.count == 1)
            await client.close()
            let page = try await Reply.to("GET", "/metrics", at: router.admin).rawBody
            #expect(page.contains("gray_router_requests_total{version=\"canary\",code=\"200\"} 1"))
            #expect(page.contains("gray_router_requests_total{version=\"v3\",code=\"200\"} 1"))
        }
        await third.stop()
    }

    @Test func theSplitInForceStays() async throws {
        try await withRouter(canaryBasisPoints: 1_000) { router, _, _ in
            #expect(try await router.setSplit(250).status == 200)
            let next = try configuration(router) { $0.initialCanaryBasisPoints = 9_000 }
            #expect(try await Self.reload(router, next) == [])
            let split = try await Reply.to("GET", "/api/v1/split", at: router.admin)
            #expect(split.rawBody.contains("\"canary_basis_points\":250") && split.headers["etag"] == "\"2\"")
        }
    }

    @Test(arguments: [
        ("baseline", "host:port"), ("canary", "at least one"), ("strategy", "user_hash needs"),
        ("listen", "listen cannot change"), ("admin_listen", "admin_listen cannot change"),
        ("state_file", "state_file cannot change"), ("token_file", "token_file cannot be used"),
        ("canary_version", "must differ"),
    ])
    func whatCannotBeTakenUpLeavesTheOldInForce(_ field: String, _ excerpt: String) async throws {
        try await withRouter(canaryBasisPoints: 10_000) { router, _, _ in
            let next = try configuration(router) {
                $0.idleTimeoutMs = 7
                switch field {
                case "baseline": $0.baseline = ["nowhere"]
                case "canary": $0.canary = []
                case "strategy": $0.strategy = .userHash(header: nil, cookie: nil)
                case "listen": $0.listen = "127.0.0.1:9"
                case "admin_listen": $0.adminListen = "127.0.0.1:9"
                case "state_file": $0.stateFile += "2"
                case "token_file": $0.tokenFile = "/nonexistent/token"
                default: $0.canaryVersion = $0.baselineVersion
                }
            }
            let error = await #expect(throws: GrayRouterError.self) { try await Self.reload(router, next) }
            #expect("\(try #require(error))".contains(excerpt))
            #expect(router.router.runningNow?.configuration.current == router.router.configuration)
            #expect(try await Reply.to("GET", "/", at: router.data).rawBody == "GET /")
        }
    }

    @Test func aTokenCanBeAskedForFromNowOn() async throws {
        let tokens = try TemporaryFolder()
        let path = try tokens.write("secret\n", to: "token")
        try await withRouter { router, _, _ in
            #expect(try await router.setSplit(1).status == 200)
            let next = try configuration(router) { $0.tokenFile = path }
            #expect(try await Self.reload(router, next) == ["token_file"])
            #expect(try await router.setSplit(2).status == 401)
            #expect(try await router.setSplit(2, headers: ["Authorization: Bearer secret"]).status == 200)
        }
    }

    @Test func aRequestInFlightEndsAsItBegan() async throws {
        let slow = try await StubServer.start { _ in .nothing }
        try await withRouter(change: { $0.baseline = [slow.address] }) { router, _, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            while slow.log.requests.isEmpty { await Task.yield() }
            let address = try await StubServer.refusedAddress()
            let next = try configuration(router) { $0.baseline = [address] }
            #expect(try await Self.reload(router, next) == ["baseline"])
            for connection in slow.log.connections {
                try? await connection.writeAndFlush(
                    ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate"))
            }
            #expect(try await Self.reply(on: client).rawBody == "late")
            #expect(try await Reply.to("GET", "/", at: router.data).status == 502)
            await client.close()
        }
        await slow.stop()
    }

    /// The counts of earlier versions stay, but not of all versions that there have ever been.
    @Test func countsOfManyVersionsHaveABound() {
        let metrics = RouterMetrics()
        for number in 0..<100 {
            let counters = metrics.counters(for: ["old", "v\(number)"])
            for counter in counters { metrics.finished(counter, code: 200, seconds: 0.01) }
        }
        let page = metrics.exposition(canaryBasisPoints: 0)
        let lines = page.split(separator: "\n").filter { $0.hasPrefix("gray_router_requests_total{") }
        #expect(lines.count == 16)
        #expect(page.contains("gray_router_requests_total{version=\"old\",code=\"200\"} 100"))
        #expect(page.contains("version=\"v99\",code=\"200\"} 1") && !page.contains("version=\"v50\""))
    }

    @Test func aRouterThatDoesNotRunHasNothingToReload() async throws {
        let folder = try TemporaryFolder()
        let configuration = GrayRouterConfiguration(
            stateFile: folder.file("split.json"), baseline: ["127.0.0.1:1"], canary: ["127.0.0.1:2"],
            strategy: .random, initialCanaryBasisPoints: 0)
        let router = try GrayRouter(configuration: configuration)
        await #expect(throws: GrayRouterError.notRunning) { try await router.reload(configuration) }
    }
}
