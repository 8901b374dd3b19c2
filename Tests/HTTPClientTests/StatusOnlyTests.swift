import Glibc
import HTTPClient
import Ports
import Testing

/// Requests whose caller needs the status alone.
struct StatusOnlyTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var body: @Sendable (ScriptedServer.Peer) -> Void
    }

    private static let rows = [
        Row(testDescription: "a body above the limit") { peer in
            peer.send("Content-Length: 70000\r\n\r\n" + String(repeating: "x", count: 70_000))
        },
        Row(testDescription: "an endless body") { peer in
            peer.send("\r\n")
            while peer.send([UInt8](repeating: 0, count: 65_536)) {}
        },
        Row(testDescription: "a slow body") { peer in
            peer.send("Content-Length: 100000\r\n\r\n")
            while peer.send("x") { usleep(5_000) }
        },
        Row(testDescription: "a body that is cut off") { peer in peer.send("Content-Length: 10\r\n\r\nhalf") },
        Row(testDescription: "broken chunks") { peer in peer.send("Transfer-Encoding: chunked\r\n\r\nzz\r\n") },
        Row(testDescription: "a body that cannot be decoded") { peer in
            peer.send("Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\nplain text")
        },
    ]

    @Test(arguments: rows, [200, 204, 404, 503])
    func theStatusIsTheAnswerWhateverBodyFollows(row: Row, status: Int) async throws {
        let server = ScriptedServer { peer in
            guard peer.request() != nil else { return }
            peer.send("HTTP/1.1 \(status) Status\r\n")
            row.body(peer)
        }
        defer { server.stop() }
        let request = HTTPRequest(
            method: "POST", url: server.url, body: [1], timeoutMs: 400, bodyLimitBytes: 1_000, isStatusEnough: true)
        let response = try await withTransport { try await $0.send(request) }
        #expect(response.status == status)
        #expect(response.body.count <= 1_000)
    }

    @Test(arguments: ["", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", "nonsense\r\n\r\n"])
    func withoutAllHeadersThereIsNoStatus(answer: String) async throws {
        let server = ScriptedServer { peer in
            if peer.request() != nil { peer.send(answer) }
        }
        defer { server.stop() }
        let request = HTTPRequest(url: server.url, timeoutMs: 400, isStatusEnough: true)
        #expect(try await withTransport { await $0.failure(request) } != nil)
    }
}
