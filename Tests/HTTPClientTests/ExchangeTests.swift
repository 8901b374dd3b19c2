import HTTPClient
import Model
import Ports
import Testing

/// Requests that work: what goes out and what comes back.
struct ExchangeTests {
    @Test func anAnswerComesBackWithItsHeadersInOrder() async throws {
        let server = ScriptedServer.answering { _ in
            "HTTP/1.1 200 Fine: really\r\nB: 2\r\nA:1 \r\nB:\t3\r\nLong: one\r\n two\r\nContent-Length: 5\r\n\r\nhello"
        }
        defer { server.stop() }
        let response = try await withTransport { try await $0.send(HTTPRequest(url: server.url + "/m?x=1#part")) }
        #expect(response.status == 200)
        #expect(response.text == "hello")
        let expected = [("B", "2"), ("A", "1"), ("B", "3"), ("Long", "one two"), ("Content-Length", "5")]
        #expect(response.headers == expected.map { TextPair($0, $1) })
        let request = try #require(server.received.first)
        #expect(request.line == "GET /m?x=1 HTTP/1.1")
        #expect(request.values("User-Agent") == ["Rollguard/test"])
        #expect(request.values("Accept-Encoding").isEmpty)
    }

    /// Of a name with several addresses one is connected to; the server sees the name.
    @Test func anAddressTakesThePlaceOfALookup() async throws {
        let server = ScriptedServer.answering { request in
            request.line.contains("/moved")
                ? "HTTP/1.1 302 Found\r\nLocation: /m\r\nContent-Length: 0\r\n\r\n" : ScriptedServer.ok("hello")
        }
        defer { server.stop() }
        let url = "http://shop.invalid:\(server.port)"
        try await withTransport { transport in
            let here = HTTPRequest(url: url + "/moved", address: "127.0.0.1", redirectLimit: 1)
            for _ in 0..<2 {
                let text = try await transport.send(here).text
                #expect(text == "hello")
            }
            #expect(server.received.allSatisfy { $0.values("Host") == ["shop.invalid:\(server.port)"] })
            // The next request has no address, and a redirect to another host is not bound to it.
            await #expect(throws: TransportError.self) { try await transport.send(HTTPRequest(url: url)) }
            let away = HTTPRequest(url: url, address: "127.0.0.2", connectTimeoutMs: 500)
            await #expect {
                try await transport.send(away)
            } throws: { "\($0)".contains("(127.0.0.2)") }
        }
    }

    @Test func interimAnswersAndTrailersAreNotHeaders() async throws {
        let server = ScriptedServer.answering { _ in
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n"
                + "3\r\nabc\r\n0\r\nT: late\r\n\r\n"
        }
        defer { server.stop() }
        let response = try await withTransport { try await $0.send(HTTPRequest(url: server.url)) }
        #expect(response.text == "abc")
        #expect(response.headers.map(\.name) == ["Transfer-Encoding", "Trailer"])
    }

    @Test(arguments: [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", 200),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", 204),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000000000\r\n\r\n", 304),
        ("GET", "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 302),
        ("GET", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", 503),
        ("DELETE", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200),
    ])
    func answersWithoutABodyAreAnswers(method: String, answer: String, status: Int) async throws {
        let server = ScriptedServer.answering { _ in answer }
        defer { server.stop() }
        let response = try await withTransport { try await $0.send(HTTPRequest(method: method, url: server.url)) }
        #expect(response.status == status)
        #expect(response.body.isEmpty)
        #expect(server.received.map(\.line) == ["\(method) / HTTP/1.1"])
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE", "GET", "PURGE"])
    func aBodyIsSentAsItIs(method: String) async throws {
        let server = ScriptedServer.answering { _ in ScriptedServer.ok("done") }
        defer { server.stop() }
        let body = "{\"canary\": 0}" + String(repeating: " ", count: 3_000)
        let request = HTTPRequest(
            method: method, url: server.url, headers: [TextPair("Content-Type", "application/json")],
            body: Array(body.utf8))
        let response = try await withTransport { try await $0.send(request) }
        #expect(response.text == "done")
        let received = try #require(server.received.first)
        #expect(received.line == "\(method) / HTTP/1.1")
        #expect(received.body == body)
        #expect(received.values("Content-Type") == ["application/json"])
        #expect(received.values("Expect").isEmpty)
    }

    @Test(arguments: [("POST", ["0"]), ("PUT", ["0"]), ("PATCH", ["0"]), ("GET", []), ("DELETE", [])])
    func withoutABodyOnlyMethodsThatExpectOneAnnounceALength(method: String, length: [String]) async throws {
        let server = ScriptedServer.answering { _ in ScriptedServer.ok() }
        defer { server.stop() }
        _ = try await withTransport { try await $0.send(HTTPRequest(method: method, url: server.url)) }
        #expect(server.received.first?.values("Content-Length") == length)
        #expect(server.received.first?.values("Content-Type") == [])
    }

    @Test func headersReplaceTheDefaultsAndMayBeEmpty() async throws {
        let server = ScriptedServer.answering { _ in ScriptedServer.ok() }
        defer { server.stop() }
        let headers = [
            TextPair("User-Agent", "probe"), TextPair("X-Empty", ""), TextPair("Accept", "text/plain"),
            TextPair("Host", "checkout.example"), TextPair("X-Two", "1"), TextPair("X-Two", "größer"),
        ]
        _ = try await withTransport { try await $0.send(HTTPRequest(url: server.url, headers: headers)) }
        let received = try #require(server.received.first)
        #expect(received.values("User-Agent") == ["probe"])
        #expect(received.values("X-Empty") == [""])
        #expect(received.values("Accept") == ["text/plain"])
        #expect(received.values("Host") == ["checkout.example"])
        #expect(received.values("X-Two") == ["1", "größer"])
    }

    @Test func oneConnectionServesManyRequests() async throws {
        let server = ScriptedServer.answering { ScriptedServer.ok($0.line) }
        defer { server.stop() }
        try await withTransport { transport in
            for number in 0..<50 {
                let response = try await transport.send(HTTPRequest(url: server.url + "/\(number)"))
                #expect(response.text == "GET /\(number) HTTP/1.1")
            }
        }
        #expect(server.connections == 1)
    }

    @Test func optionsOfOneRequestDoNotLeakIntoTheNext() async throws {
        let server = ScriptedServer.answering { _ in ScriptedServer.ok() }
        defer { server.stop() }
        try await withTransport(secrets: FixedSecrets(values: ["T": "s3cret"]), maxInFlight: 1) { transport in
            let security = ClientSecurity(authorization: .basic(user: "me", password: .environment("T")))
            _ = try await transport.send(
                HTTPRequest(
                    method: "PUT", url: server.url, headers: [TextPair("X-A", "1")], body: [1, 2],
                    acceptsCompression: true,
                    security: security))
            _ = try await transport.send(HTTPRequest(url: server.url))
        }
        let second = try #require(server.received.last)
        #expect(second.line == "GET / HTTP/1.1")
        for name in ["Authorization", "X-A", "Accept-Encoding", "Content-Length", "Content-Type"] {
            #expect(second.values(name).isEmpty)
        }
    }

    @Test func manyRequestsAtOnceGetTheirOwnAnswers() async throws {
        let server = ScriptedServer.answering { ScriptedServer.ok($0.line) }
        defer { server.stop() }
        let answers = try await withTransport(maxInFlight: 8, maxWaiting: 500) { transport in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<300 {
                    group.addTask {
                        let request = HTTPRequest(url: server.url + "/\(number)", timeoutMs: 60_000)
                        return try await transport.send(request).text == "GET /\(number) HTTP/1.1"
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
        }
        #expect(answers == 300)
        #expect(server.connections <= 8)
    }

    @Test func aUnixSocketIsSpokenTo() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/admin.sock"
        let server = ScriptedServer(unixSocket: path) { peer in
            if peer.request() != nil { peer.send(ScriptedServer.ok("over the socket")) }
        }
        defer { server.stop() }
        try await withTransport { transport in
            let response = try await transport.send(HTTPRequest(url: "http://localhost/x", unixSocket: path))
            #expect(response.text == "over the socket")
            let absent = HTTPRequest(url: "http://localhost/x", unixSocket: folder.path + "/absent.sock")
            let error = await transport.failure(absent)
            #expect("\(try #require(error))".contains("absent.sock"))
        }
    }

    @Test func aConnectionTheServerClosedMeanwhileIsReplaced() async throws {
        let server = ScriptedServer { peer in
            // One answer per connection, without announcing the end.
            if peer.request() != nil { peer.send(ScriptedServer.ok("one")) }
        }
        defer { server.stop() }
        try await withTransport { transport in
            for _ in 0..<5 {
                let response = try await transport.send(HTTPRequest(method: "PUT", url: server.url, body: [65]))
                #expect(response.text == "one")
            }
        }
        #expect(server.connections == 5)
        #expect(server.received.map(\.body) == ["A", "A", "A", "A", "A"])
    }
}
