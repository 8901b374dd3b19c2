import Glibc
import HTTPClient
import Model
import Ports
import Testing

struct RedirectTests {
    private static func redirect(_ status: Int, _ location: String) -> String {
        "HTTP/1.1 \(status) Moved\r\nLocation: \(location)\r\nX-First: 1\r\nContent-Length: 4\r\n\r\ngone"
    }

    private static func follow(_ request: HTTPRequest, secrets: FixedSecrets = FixedSecrets()) async throws
        -> HTTPResponse
    {
        try await withTransport(secrets: secrets) { try await $0.send(request) }
    }

    @Test func onlyTheLastAnswerComesBack() async throws {
        let server = ScriptedServer.answering {
            $0.line.contains("/a") ? Self.redirect(302, "b?x=1") : ScriptedServer.ok("there")
        }
        defer { server.stop() }
        let response = try await Self.follow(HTTPRequest(url: server.url + "/d/a", redirectLimit: 1))
        #expect(response.text == "there")
        #expect(response.headers.map(\.name) == ["Content-Length"])
        #expect(server.received.map(\.line) == ["GET /d/a HTTP/1.1", "GET /d/b?x=1 HTTP/1.1"])
        #expect(server.connections == 1)
    }

    @Test func anEndlessCircleEnds() async throws {
        let server = ScriptedServer.answering { _ in Self.redirect(301, "/") }
        defer { server.stop() }
        let error = try await withTransport { await $0.failure(HTTPRequest(url: server.url, redirectLimit: 3)) }
        #expect(error?.description.contains("more than 3 redirects") == true)
        #expect(server.received.count == 4)
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "unknown://127.0.0.1/x"])
    func onlyHTTPIsFollowed(location: String) async throws {
        let server = ScriptedServer.answering { _ in Self.redirect(302, location) }
        defer { server.stop() }
        let error = try await withTransport { await $0.failure(HTTPRequest(url: server.url, redirectLimit: 5)) }
        guard case .unusable(let text) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("neither http nor https"))
    }

    /// A target's answer must not lead to other services: redirects stay on its own host and port, unless configured.
    @Test func anotherHostOrPortIsNotFollowedUnlessConfigured() async throws {
        let other = ScriptedServer.answering { _ in ScriptedServer.ok("internal") }
        defer { other.stop() }
        let places = [
            other.url + "/latest", "//127.0.0.1:\(other.port)/x", "http://localhost:\(other.port)/",
            "https://127.0.0.1:\(other.port)/",
        ]
        for place in places {
            let server = ScriptedServer.answering { _ in Self.redirect(302, place) }
            defer { server.stop() }
            let request = HTTPRequest(url: server.url, redirectLimit: 5, redirectsMayLeaveHost: false)
            let error = try await withTransport { await $0.failure(request) }
            #expect(
                error?.description.contains("another host or port; refused") == true, "\(String(describing: error))")
            #expect(error?.description.contains("\(other.port)") == true)
        }
        #expect(other.received.isEmpty)
        let own = ScriptedServer.answering {
            $0.line.contains("/old") ? Self.redirect(302, "/new") : ScriptedServer.ok("own")
        }
        defer { own.stop() }
        let request = HTTPRequest(url: own.url + "/old", redirectLimit: 5, redirectsMayLeaveHost: false)
        #expect(try await Self.follow(request).text == "own")
    }

    @Test func noCredentialFollowsToAnotherHost() async throws {
        let other = ScriptedServer.answering { _ in ScriptedServer.ok("other") }
        let server = ScriptedServer.answering { _ in Self.redirect(307, other.url + "/landing") }
        defer {
            server.stop()
            other.stop()
        }
        let secrets = FixedSecrets(values: ["KEY": "s3cret"])
        let authorizations: [Authorization] = [
            .bearer(.environment("KEY")), .basic(user: "me", password: .environment("KEY")),
            .header(name: "X-Api-Key", value: .environment("KEY")),
        ]
        for authorization in authorizations {
            let request = HTTPRequest(
                method: "POST", url: server.url,
                headers: [
                    TextPair("Accept", "text/plain"), TextPair("Cookie", "s3cret"), TextPair("X-Sign", "s3cret"),
                ],
                body: Array("body".utf8), redirectLimit: 2, security: ClientSecurity(authorization: authorization))
            #expect(try await Self.follow(request, secrets: secrets).text == "other")
        }
        let inURL = HTTPRequest(url: "http://me:s3cret@127.0.0.1:\(server.port)/", redirectLimit: 1)
        #expect(try await Self.follow(inURL).text == "other")
        #expect(other.received.count == 4)
        for request in other.received {
            #expect(request.values("Authorization").isEmpty)
            #expect(!request.headers.joined().contains("s3cret"))
        }
        #expect(other.received[0].line == "POST /landing HTTP/1.1")
        #expect(other.received[0].body == "body")
        #expect(other.received[0].values("Accept") == ["text/plain"])
    }

    @Test func aCredentialFollowsOnTheSameServer() async throws {
        let server = ScriptedServer.answering {
            $0.line.contains("/old")
                ? Self.redirect(301, "http://evil:x@127.0.0.1:\(Self.port($0))/new") : ScriptedServer.ok()
        }
        defer { server.stop() }
        let security = ClientSecurity(authorization: .basic(user: "me", password: .environment("KEY")))
        let request = HTTPRequest(url: server.url + "/old", redirectLimit: 1, security: security)
        _ = try await Self.follow(request, secrets: FixedSecrets(values: ["KEY": "open sesame"]))
        #expect(
            server.received.flatMap { $0.values("Authorization") }
                == Array(repeating: "Basic bWU6b3BlbiBzZXNhbWU=", count: 2))
    }

    private static func port(_ request: ScriptedServer.Request) -> String {
        String(request.values("Host").first?.split(separator: ":").last ?? "")
    }

    @Test(arguments: [
        (301, "POST", "GET / HTTP/1.1"), (302, "POST", "GET / HTTP/1.1"), (303, "PUT", "GET / HTTP/1.1"),
        (303, "HEAD", "HEAD / HTTP/1.1"), (301, "PUT", "PUT / HTTP/1.1"), (302, "DELETE", "DELETE / HTTP/1.1"),
        (307, "POST", "POST / HTTP/1.1"), (308, "PUT", "PUT / HTTP/1.1"),
    ])
    func theMethodAfterARedirectIsAsTheStandardSays(status: Int, method: String, line: String) async throws {
        let server = ScriptedServer.answering {
            guard $0.line.contains("/old") else {
                return $0.line.hasPrefix("HEAD") ? ScriptedServer.ok() : ScriptedServer.ok("x")
            }
            return "HTTP/1.1 \(status) Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
        }
        defer { server.stop() }
        let body: [UInt8]? = method == "HEAD" ? nil : Array("body".utf8)
        _ = try await Self.follow(HTTPRequest(method: method, url: server.url + "/old", body: body, redirectLimit: 1))
        #expect(server.received.last?.line == line)
        #expect(server.received.last?.body == (line.hasPrefix("GET") || body == nil ? "" : "body"))
    }

    @Test func aRedirectAwayFromAUnixSocketIsRefused() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/s"
        let server = ScriptedServer(unixSocket: path) { peer in
            while peer.request() != nil { peer.send(Self.redirect(302, "http://169.254.169.254/latest")) }
        }
        defer { server.stop() }
        let request = HTTPRequest(url: "http://localhost/", unixSocket: path, redirectLimit: 1)
        let error = try await withTransport { await $0.failure(request) }
        #expect(error?.description.contains("redirects away from its unix socket") == true)
    }

    @Test func theTotalTimeoutCoversAllHops() async throws {
        let server = ScriptedServer.answering { _ in
            usleep(30_000)
            return Self.redirect(302, "/again")
        }
        defer { server.stop() }
        let error = try await withTransport {
            await $0.failure(HTTPRequest(url: server.url, timeoutMs: 200, redirectLimit: 1_000))
        }
        #expect(error == .timedOut(address: server.url + "/again", afterMs: 200))
    }
}
