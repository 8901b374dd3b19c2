import NIOCore
import NIOHTTP1
import Testing

@testable import ReferenceRouter

struct ProxyTests {
    @Test func requestAndAnswerPassThroughWithTheVersionNamed() async throws {
        try await withRouter { router, baseline, _ in
            let reply = try await Reply.to("GET", "/cart?item=1", at: router.data, headers: ["X-User-Id: 7"])
            #expect(reply.status == 200)
            #expect(reply.rawBody == "GET /cart?item=1")
            #expect(reply.headers["x-rollguard-version"] == "baseline")
            #expect(baseline.log.requests.count == 1)
        }
    }

    @Test func allTrafficGoesToTheCanaryAtAHundredPercentAndBackAtZero() async throws {
        try await withRouter(canaryBasisPoints: 10_000) { router, _, _ in
            let before = try await Reply.to("GET", "/", at: router.data)
            #expect(before.headers["x-rollguard-version"] == "canary")
            #expect(try await router.setSplit(0).status == 200)
            let after = try await Reply.to("GET", "/", at: router.data)
            #expect(after.headers["x-rollguard-version"] == "baseline")
        }
    }

    @Test func hopByHopHeadersStayOnTheirHop() async throws {
        let answer = "Connection: X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\nX-Public: 2\r\n"
        try await withRouter(answer: { _ in .ok("", answer) }) { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send(
                """
                GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close, X-Secret, Host, Cookie\r\nX-Secret: 1\r\n\
                Cookie: a=b\r\nTE: trailers\r\nProxy-Authorization: Basic eA==\r\nX-Kept: 3\r\n\r\n
                """)
            let reply = try Reply(try await client.receiveAll())
            let seen = try #require(baseline.log.requests.first).headers
            for name in ["connection", "x-secret", "te", "proxy-authorization"] { #expect(!seen.contains(name: name)) }
            #expect(seen["host"] == ["shop.example"])
            #expect(seen["cookie"] == ["a=b"])
            #expect(seen["x-kept"] == ["3"])
            #expect(reply.headers["x-private"] == nil)
            #expect(reply.headers["keep-alive"] == nil)
            #expect(reply.headers["x-public"] == "2")
        }
    }

    @Test func forwardedHeadersOfStrangersAreReplaced() async throws {
        try await withRouter { router, baseline, _ in
            _ = try await Reply.to(
                "GET", "/", at: router.data,
                headers: ["X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example"])
            let seen = try #require(baseline.log.requests.first).headers
            #expect(seen["x-forwarded-for"] == ["127.0.0.1"])
            #expect(seen["x-forwarded-proto"] == ["http"])
            #expect(seen["x-forwarded-host"] == ["shop.example"])
        }
    }

    @Test func forwardedHeadersOfTrustedProxiesAreExtended() async throws {
        try await withRouter(change: { $0.trustedProxies = ["127.0.0.0/8"] }) { router, baseline, _ in
            _ = try await Reply.to(
                "GET", "/", at: router.data,
                headers: ["X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: www.example"])
            let seen = try #require(baseline.log.requests.first).headers
            #expect(seen["x-forwarded-for"] == ["1.2.3.4, 127.0.0.1"])
            #expect(seen["x-forwarded-proto"] == ["https"])
            #expect(seen["x-forwarded-host"] == ["www.example"])
        }
    }

    @Test func clientAndServerConnectionsAreKept() async throws {
        try await withRouter { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            for number in 1...5 {
                client.clear()
                try await client.send("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await client.receive { $0.hasSuffix("GET /\(number)") }
            }
            #expect(baseline.log.requests.map(\.connection).count == 5)
            // The health check opens and closes connections of its own, so the numbers need not be 1.
            #expect(Set(baseline.log.requests.map(\.connection)).count == 1)
            #expect(!client.isClosed)
            await client.close()
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await withRouter { router, _, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send(Self.pipeline(20))
            let text = try await client.receive { $0.hasSuffix("GET /20") }
            #expect(Self.numbers(in: text) == Array(1...20))
            await client.close()
        }
    }

    private static func pipeline(_ count: Int) -> String {
        (1...count).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
    }

    /// The numbers in bodies such as `GET /7`.
    private static func numbers(in text: String) -> [Int] {
        text.matches(of: /GET \/([0-9]+)/).compactMap { Int($0.1) }
    }

    @Test func headAnswersHaveALengthAndNoBody() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"
        try await withRouter(answer: { $0.line.hasPrefix("HEAD") ? .bytes(head) : .ok("next") }) { router, _, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            let first = try Reply(try await client.receive { $0.hasSuffix("\r\n\r\n") })
            #expect(first.headers["content-length"] == "1234")
            #expect(first.rawBody.isEmpty)
            client.clear()
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let second = try Reply(try await client.receive { $0.hasSuffix("next") })
            #expect(second.status == 200)
            await client.close()
        }
    }

    @Test(arguments: [204, 304])
    func answersWithoutABodyLeaveTheConnectionInStep(status: Int) async throws {
        try await withRouter(answer: {
            $0.line == "GET /none" ? .bytes("HTTP/1.1 \(status) Nothing\r\n\r\n") : .ok("next")
        }) { router, _, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try Reply(try await client.receive { $0.hasSuffix("\r\n\r\n") }).status == status)
            client.clear()
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try Reply(try await client.receive { $0.hasSuffix("next") }).status == 200)
            await client.close()
        }
    }

    @Test func chunkedBodiesAndTrailersPassBothWays() async throws {
        let answer =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n"
        try await withRouter(answer: { _ in .bytes(answer) }) { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\nX-Check: 9\r\n\r\n")
            let reply = try Reply(try await client.receive { $0.contains("X-Sum: 5\r\n\r\n") })
            #expect(reply.rawBody == "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n")
            #expect(reply.headers["transfer-encoding"] == "chunked")
            let seen = try #require(baseline.log.requests.first)
            #expect(seen.body == "wxyz")
            #expect(seen.headers["transfer-encoding"] == ["chunked"])
            #expect(seen.trailers?["x-check"] == ["9"])
            await client.close()
        }
    }

    @Test func oldClientsGetNoChunks() async throws {
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        try await withRouter(answer: { _ in .bytes(answer) }) { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("GET / HTTP/1.0\r\n\r\n")
            let reply = try Reply(try await client.receiveAll())
            #expect(reply.rawBody == "abc")
            #expect(reply.headers["transfer-encoding"] == nil)
            #expect(reply.headers["connection"] == "close")
            #expect(baseline.log.requests.first?.headers["host"] == [baseline.address])
        }
    }

    @Test func anAnswerThatEndsWithItsConnectionIsWhole() async throws {
        try await withRouter(answer: { _ in .bytesThenClose("HTTP/1.1 200 OK\r\n\r\nall of it") }) { router, _, _ in
            let reply = try await Reply.to("GET", "/", at: router.data)
            #expect(reply.rawBody == "9\r\nall of it\r\n0\r\n\r\n")
        }
    }

    @Test func expectContinueIsTheServersToAnswer() async throws {
        try await withRouter(onHead: { head in
            head.headers.contains(name: "expect") ? .bytes("HTTP/1.1 100 Continue\r\n\r\n") : nil
        }) { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            let interim = try await client.receive { $0.hasSuffix("\r\n\r\n") }
            #expect(interim.hasPrefix("HTTP/1.1 100 Continue\r\n"))
            client.clear()
            try await client.send("hello")
            #expect(try Reply(try await client.receive { $0.hasSuffix("POST /") }).status == 200)
            #expect(baseline.log.requests.first?.body == "hello")
            await client.close()
        }
    }

    @Test func aServerMayRefuseABodyBeforeItHasCome() async throws {
        let refusal = "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno\n"
        try await withRouter(onHead: { _ in .bytes(refusal) }) { router, _, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nbegin")
            let reply = try Reply(try await client.receiveAll())
            #expect(reply.status == 413)
            #expect(reply.rawBody == "no\n")
            #expect(reply.headers["connection"] == "close")
        }
    }

    @Test func absoluteTargetsBecomePaths() async throws {
        try await withRouter { router, baseline, _ in
            let reply = try await Reply.to("GET", "http://other.example/a?b=c", at: router.data)
            #expect(reply.rawBody == "GET /a?b=c")
            #expect(baseline.log.requests.first?.headers["host"] == ["other.example"])
        }
    }

    @Test func stoppingLetsARequestInFlightEnd() async throws {
        let baseline = try await StubServer.start { _ in .nothing }
        let router = try await TestRouter.start(baseline: [baseline.address], canary: [baseline.address])
        let client = try await RawClient.connect(router.data)
        try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(await eventually { !baseline.log.requests.isEmpty })
        async let stopped: Void = router.stop()
        #expect(await eventually { (try? await RawClient.connect(router.data)) == nil })
        let number = try #require(baseline.log.requests.first).connection
        try await baseline.log.connections[number - 1]
            .writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")).get()
        #expect(try Reply(try await client.receiveAll()).rawBody == "late")
        await stopped
        await baseline.stop()
    }
}
