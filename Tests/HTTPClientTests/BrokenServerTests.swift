import Glibc
import HTTPClient
import Ports
import Testing

/// Servers that break off, lie, or do not speak HTTP.
struct BrokenServerTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var what: String
        var answer: String
        var reason: String
        var testDescription: String { what }
    }

    @Test(arguments: [
        Row(what: "garbage", answer: "\u{1}\u{2}garbage\r\n\r\n", reason: "the answer is not HTTP"),
        Row(what: "no answer", answer: "", reason: "closed without an answer"),
        Row(
            what: "half a body", answer: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
            reason: "96 bytes"),
        Row(
            what: "half a chunk", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf",
            reason: "closed"),
        Row(
            what: "a broken chunk size", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            reason: "chunk"),
        Row(
            what: "not gzip", answer: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nplain text",
            reason: "its content encoding 'gzip' cannot be decoded"),
        Row(
            what: "an unknown encoding", answer: "HTTP/1.1 200 OK\r\nContent-Encoding: x-pack200\r\n\r\nabc",
            reason: "its content encoding 'x-pack200' cannot be decoded"),
        Row(
            what: "two lengths", answer: "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            reason: "Invalid Content-Length"),
    ])
    func aBrokenAnswerIsABrokenConnection(row: Row) async throws {
        let server = ScriptedServer { peer in
            if peer.request() != nil { peer.send(row.answer) }
        }
        defer { server.stop() }
        let request = HTTPRequest(url: server.url, acceptsCompression: true)
        let error = try #require(try await withTransport { await $0.failure(request) })
        guard case .broken(let address, let reason) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(address == server.url + "/")
        #expect(reason.contains(row.reason), "\(reason)")
        #expect(error.isWorthRetrying)
    }

    @Test func noServerListens() async throws {
        let (listener, port) = ScriptedServer.listenOnLoopback()
        close(listener)
        let error = try await withTransport { await $0.failure(HTTPRequest(url: "http://127.0.0.1:\(port)/metrics")) }
        guard case .connectFailed(let address, _) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(address == "http://127.0.0.1:\(port)/metrics")
    }

    @Test func aHandshakeThatIsCutMayBeTriedAgain() async throws {
        let server = ScriptedServer { _ in }
        defer { server.stop() }
        let error = try await withTransport {
            await $0.failure(HTTPRequest(url: "https://127.0.0.1:\(server.port)/"))
        }
        guard case .connectFailed = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func anUnknownHostIsAFailureToConnect() async throws {
        let request = HTTPRequest(url: "http://no-such-host.invalid/")
        let error = try await withTransport { await $0.failure(request) }
        #expect("\(try #require(error))".hasPrefix("cannot connect to http://no-such-host.invalid/"))
    }
}
