import Model
import Ports
import Testing

@testable import HTTPClient

/// A transfer that is like the one before it sets few options.
struct ReuseTests {
    private static let change: [(name: String, request: @Sendable (inout HTTPRequest) -> Void, shown: String)] = [
        ("method", { $0.method = "HEAD" }, "HEAD / HTTP/1.1"),
        ("header", { $0.headers = [TextPair("X-A", "1")] }, "X-A: 1"),
        ("compression", { $0.acceptsCompression = true }, "Accept-Encoding"),
        ("body", { ($0.method, $0.body) = ("POST", [49]) }, "POST / HTTP/1.1"),
    ]

    @Test(arguments: change.indices)
    func whatDiffersIsSetAndTakenBack(_ index: Int) async throws {
        let server = ScriptedServer.answering { _ in ScriptedServer.ok() }
        defer { server.stop() }
        let plain = HTTPRequest(url: server.url)
        var changed = plain
        Self.change[index].request(&changed)
        try await withTransport(maxInFlight: 1) { transport in
            // From the third on nothing but the address is set.
            for request in [plain, plain, plain, changed, plain, plain] { _ = try await transport.send(request) }
        }
        let shows = server.received.map { request in
            ([request.line] + request.headers).contains { $0.hasPrefix(Self.change[index].shown) }
        }
        #expect(shows == [false, false, false, true, false, false])
        #expect(server.connections == 1)
    }

    @Test func aSocketIsNotThePortsAddress() async throws {
        let folder = try TemporaryFolder()
        let port = ScriptedServer.answering { _ in ScriptedServer.ok("port") }
        let socket = ScriptedServer(unixSocket: folder.path + "/s") { peer in
            while peer.request() != nil, peer.send(ScriptedServer.ok("socket")) {}
        }
        defer {
            port.stop()
            socket.stop()
        }
        var onSocket = HTTPRequest(url: port.url)
        onSocket.unixSocket = folder.path + "/s"
        let requests = [HTTPRequest(url: port.url), HTTPRequest(url: port.url), onSocket, onSocket, onSocket]
        let answers = try await withTransport(maxInFlight: 1) { transport in
            var answers: [String] = []
            for request in requests + requests { answers.append(try await transport.send(request).text) }
            return answers
        }
        let once = ["port", "port", "socket", "socket", "socket"]
        #expect(answers == once + once)
    }

    @Test func onlyAddressAndTimesMayDiffer() throws {
        func prepared(_ change: (inout HTTPRequest) -> Void = { _ in }) throws -> PreparedRequest {
            var request = HTTPRequest(url: "http://127.0.0.1:1/")
            change(&request)
            return try PreparedRequest(request, secrets: FixedSecrets(values: ["T": "s"]))
        }
        let plain = try prepared()
        let elsewhere = try prepared { ($0.url, $0.timeoutMs) = ("http://127.0.0.2:7/x", 7) }
        #expect(plain.differsOnlyInAddress(from: elsewhere))
        let others: [(inout HTTPRequest) -> Void] = [
            { $0.method = "DELETE" }, { $0.headers = [TextPair("A", "b")] }, { $0.body = [] }, { $0.unixSocket = "/s" },
            { $0.acceptsCompression.toggle() }, { $0.security.insecureSkipVerify = true },
            { $0.security.caFile = "/ca" },
            { $0.security.authorization = .bearer(.environment("T")) }, { $0.url = "http://a:b@127.0.0.1:1/" },
        ]
        for change in others {
            let other = try prepared(change)
            #expect(!plain.differsOnlyInAddress(from: other) && !other.differsOnlyInAddress(from: plain))
        }
    }

    /// libcurl gives up after five second tries, which it counts per handle until that is reset.
    @Test func staleConnectionsAreTriedAgainHoweverOften() async throws {
        let server = ScriptedServer { peer in
            guard peer.request() != nil, peer.send(ScriptedServer.ok("fine")) else { return }
            _ = peer.request()
        }
        defer { server.stop() }
        try await withTransport(maxInFlight: 1) { transport in
            for _ in 0..<12 {
                let answer = try await transport.send(HTTPRequest(url: server.url, timeoutMs: 60_000))
                #expect(answer.text == "fine")
            }
        }
        #expect(server.connections == 12)
    }

    @Test func aBodyWithoutARecipientGoesBackToThePool() async throws {
        let server = ScriptedServer { peer in
            guard peer.request() != nil else { return }
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nonly this")
        }
        defer { server.stop() }
        let pool = BodyPool(most: 2)
        let transport = CurlTransport(userAgent: "t", secrets: FixedSecrets(), bodies: pool)
        #expect(await transport.failure(HTTPRequest(url: server.url, timeoutMs: 60_000)) != nil)
        #expect(pool.take().capacity >= 5_000)
        #expect(pool.held == 0)
        await transport.shutdown()
    }

    @Test func whatIsHeldIsLetGoHoweverATransferEnds() async throws {
        let server = ScriptedServer { peer in
            while let request = peer.request() {
                if request.line.contains("/away") {
                    peer.send("HTTP/1.1 302 Found\r\nLocation: /here\r\nContent-Length: 4\r\n\r\naway")
                } else if request.line.contains("/part") {
                    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nonly this")
                    peer.waitForEnd()
                } else {
                    peer.send(ScriptedServer.ok("here"))
                }
            }
        }
        defer { server.stop() }
        let pool = BodyPool(most: 2)
        let transport = CurlTransport(userAgent: "t", secrets: FixedSecrets(), bodies: pool)
        _ = try await transport.send(HTTPRequest(url: server.url + "/away", redirectLimit: 3))
        #expect(pool.held == 0)
        func beginPart() async -> Task<TransportError?, Never> {
            let task = Task { await transport.failure(HTTPRequest(url: server.url + "/part", timeoutMs: 600_000)) }
            #expect(await eventually { pool.held == 9 })
            return task
        }
        let cancelled = await beginPart()
        cancelled.cancel()
        #expect(await cancelled.value != nil)
        #expect(pool.held == 0)
        let closed = await beginPart()
        await transport.shutdown()
        #expect(await closed.value == .closed)
        #expect(pool.held == 0)
    }

    @Test func bodiesUnderWayHaveALimitTogether() async throws {
        let server = ScriptedServer.answering {
            ScriptedServer.ok(String(repeating: "x", count: $0.line.contains("/large") ? 200 : 90))
        }
        defer { server.stop() }
        let transport = CurlTransport(
            userAgent: "t", secrets: FixedSecrets(), bodies: BodyPool(most: 2, limitBytes: 100))
        for _ in 0..<3 {
            // What was received or refused before does not count any more.
            for _ in 0..<3 { #expect(await transport.failure(HTTPRequest(url: server.url + "/small")) == nil) }
            let error = await transport.failure(HTTPRequest(url: server.url + "/large"))
            #expect(error?.description.hasSuffix("take all the memory that they may take together") == true)
        }
        await transport.shutdown()
    }

    @Test func aTransportKnowsWhetherItRuns() async {
        let transport = CurlTransport(userAgent: "t", secrets: FixedSecrets())
        #expect(transport.isRunning)
        await transport.shutdown()
        #expect(!transport.isRunning)
    }
}
