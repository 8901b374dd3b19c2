import Testing

@testable import ReferenceRouter

/// The admin API over its own listener.
struct AdminServerTests {
    @Test func theWholeConversationOverSockets() async throws {
        try await withRouter(canaryBasisPoints: 1_000) { router, _, _ in
            let first = try await Reply.to("GET", "/api/v1/split?pretty", at: router.admin)
            #expect(first.status == 200)
            #expect(first.headers["etag"] == "\"1\"")
            #expect(first.headers["content-type"] == "application/json")
            let head = try await Reply.to("HEAD", "/api/v1/split", at: router.admin)
            #expect(head.headers["content-length"] == "\(first.rawBody.utf8.count)")
            #expect(head.rawBody.isEmpty)
            #expect(try await router.setSplit(0, headers: ["If-Match: \"9\""]).status == 412)
            #expect(try await router.setSplit(0, headers: ["If-Match: \"1\""]).headers["etag"] == "\"2\"")
            #expect(try await Reply.to("GET", "/-/healthy", at: router.admin).rawBody == "healthy\n")
            #expect(try await Reply.to("GET", "/nothing", at: router.admin).status == 404)
            let wrong = try await Reply.to("POST", "/api/v1/split", at: router.admin, body: "{}")
            #expect(wrong.status == 405)
            #expect(wrong.headers["allow"] == "GET, HEAD, PUT")
        }
    }

    @Test func theAdminAPIIsNotOnTheClientsListener() async throws {
        try await withRouter { router, baseline, _ in
            let reply = try await Reply.to("GET", "/api/v1/split", at: router.data)
            #expect(reply.rawBody == "GET /api/v1/split")
            #expect(baseline.log.requests.count == 1)
        }
    }

    @Test func bodiesHaveALimit() async throws {
        try await withRouter { router, _, _ in
            let body = String(repeating: " ", count: 65_537)
            let refused = try await Reply.to("PUT", "/api/v1/split", at: router.admin, body: body)
            #expect(refused.status == 413)
            let most = "{\"canary_percent\":0}" + String(repeating: " ", count: 65_000)
            let accepted = try await Reply.to("PUT", "/api/v1/split", at: router.admin, body: most)
            #expect(accepted.status == 200)
        }
    }

    @Test func aTokenIsAskedForOverSocketsToo() async throws {
        let tokens = try TemporaryFolder()
        let path = try tokens.write("secret\n", to: "token")
        try await withRouter(change: { $0.tokenFile = path }) { router, _, _ in
            let without = try await router.setSplit(0)
            #expect(without.status == 401)
            let wrong = try await router.setSplit(0, headers: ["Authorization: Bearer no"])
            #expect(wrong.status == 403)
            let right = try await router.setSplit(0, headers: ["Authorization: Bearer secret"])
            #expect(right.status == 200)
        }
    }

    @Test func aTokenFileThatIsNotThereKeepsTheRouterFromStarting() async throws {
        do {
            let router = try await TestRouter.start(
                baseline: ["127.0.0.1:1"], canary: ["127.0.0.1:1"], change: { $0.tokenFile = "/nowhere/token" })
            await router.stop()
            Issue.record("it started without its token")
        } catch let error as GrayRouterError {
            #expect(error == .tokenUnusable(path: "/nowhere/token", reason: "No such file or directory"))
        }
    }

    @Test func manyChangesAtOnceAreMadeOneAfterTheOther() async throws {
        try await withRouter { router, _, _ in
            let revisions = try await withThrowingTaskGroup(of: String?.self) { group in
                for number in 1...20 {
                    group.addTask { try await router.setSplit(number).headers["etag"] }
                }
                return try await group.reduce(into: Set<String>()) { found, tag in if let tag { found.insert(tag) } }
            }
            #expect(revisions == Set((2...21).map { "\"\($0)\"" }))
        }
    }

    @Test func metricsShowWhatHappened() async throws {
        try await withRouter(canaryBasisPoints: 10_000) { router, _, _ in
            for _ in 0..<3 { _ = try await Reply.to("GET", "/", at: router.data) }
            let open = try await RawClient.connect(router.data)
            #expect(
                try await eventually {
                    try await Reply.to("GET", "/metrics", at: router.admin).rawBody
                        .contains("\ngray_router_open_connections 1\n")
                })
            let page = try await Reply.to("GET", "/metrics", at: router.admin)
            #expect(page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            for line in [
                "gray_router_requests_total{version=\"canary\",code=\"200\"} 3",
                "gray_router_errors_total{version=\"canary\"} 0",
                "gray_router_request_duration_seconds_bucket{version=\"canary\",le=\"+Inf\"} 3",
                "gray_router_request_duration_seconds_count{version=\"canary\"} 3",
                "gray_router_request_duration_seconds_count{version=\"baseline\"} 0",
                "gray_router_split_canary_basis_points 10000",
            ] { #expect(page.rawBody.contains("\n\(line)\n"), "\(line)") }
            await open.close()
        }
    }
}
