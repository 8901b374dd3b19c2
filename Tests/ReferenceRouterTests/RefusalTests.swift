import Testing

@testable import ReferenceRouter

/// Requests that must not reach a server.
struct RefusalTests {
    private func answer(_ request: String) async throws -> (reply: Reply, reached: Int) {
        var found: (Reply, Int)?
        try await withRouter { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send(request)
            let reply = try Reply(try await client.receiveAll())
            found = (reply, baseline.log.requests.count)
        }
        return try #require(found)
    }

    @Test(arguments: [
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nContent-Length: 5", "Content-Length: +5",
        "Content-Length: 5, 5", "Content-Length: -1", "Content-Length: 99999999999999999999",
        "Transfer-Encoding: xchunked\r\nContent-Length: 5", "Transfer-Encoding : chunked",
        "X: 1\r\n Transfer-Encoding: chunked",
        "Content-Length: 5\r\n\u{0}: 1",
    ])
    func requestsThatTwoParsersWouldReadDifferentlyAreRefused(headers: String) async throws {
        let found = try await answer(
            "POST / HTTP/1.1\r\nHost: a\r\n\(headers)\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n")
        #expect(found.reply.status == 400, "\(headers)")
        #expect(found.reply.headers["connection"] == "close")
        #expect(found.reached == 0)
    }

    private static func letters(_ count: Int) -> String { String(repeating: "a", count: count) }

    private static func lines(_ count: Int, bytes: Int) -> String {
        String(repeating: "X: " + letters(bytes) + "\r\n", count: count)
    }

    private static let badRequests: [(String, Int)] = [
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET relative HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://user@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 501),
        ("GET /\(letters(9_000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \(letters(20_000))\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\n\(lines(40, bytes: 900))\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\n\(lines(101, bytes: 1))\r\n", 431),
    ]

    @Test(arguments: badRequests)
    func badRequestsAreAnsweredHere(request: String, status: Int) async throws {
        let found = try await answer(request)
        #expect(found.reply.status == status, "\(request.prefix(60))")
        #expect(found.reply.headers["x-rollguard-version"] == nil)
        #expect(found.reached == 0)
    }

    @Test func aBrokenChunkEndsTheRequest() async throws {
        let found = try await answer(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n")
        #expect(found.reply.status == 400)
        #expect(found.reached == 0)
    }

    @Test func refusalsAreCountedWithoutAVersion() async throws {
        try await withRouter { router, _, _ in
            _ = try await Reply.to("GET", "relative", at: router.data)
            let page = try await Reply.to("GET", "/metrics", at: router.admin)
            #expect(page.rawBody.contains("gray_router_requests_total{version=\"none\",code=\"400\"} 1\n"))
        }
    }
}
