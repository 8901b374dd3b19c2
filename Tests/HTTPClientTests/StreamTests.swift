import HTTPClient
import Model
import Ports
import Synchronization
import Testing

/// Answers that are handed on as they arrive.
struct StreamTests {
    private static let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    /// What has arrived so far.
    private final class Received: Sendable {
        private let text = Mutex("")

        var all: String { text.withLock { $0 } }

        func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
            text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
            return true
        }
    }

    /// The server sends the second part when the first one has been received: a body that is collected would never end.
    @Test func partsArriveWhileTheAnswerIsOpen() async throws {
        let received = Received()
        let server = ScriptedServer { peer in
            guard peer.request() != nil else { return }
            peer.send(Self.head + "6\r\nfirst\n\r\n")
            while received.all != "first\n" {}
            peer.send("7\r\nsecond\n\r\n0\r\n\r\n")
        }
        defer { server.stop() }
        let response = try await withTransport { try await $0.stream(HTTPRequest(url: server.url), received.take) }
        #expect(response.status == 200 && response.body.isEmpty)
        #expect(received.all == "first\nsecond\n")
    }

    @Test func anotherStatusIsAnAnswerWithItsBody() async throws {
        let server = ScriptedServer.answering { _ in "HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\ngone" }
        defer { server.stop() }
        let received = Received()
        let response = try await withTransport { try await $0.stream(HTTPRequest(url: server.url), received.take) }
        #expect(response.status == 410 && response.text == "gone")
        #expect(received.all.isEmpty)
    }

    /// The limit of a body holds for what is collected alone.
    @Test func whatIsHandedOnHasNoLimit() async throws {
        let body = String(repeating: "x", count: 100_000)
        let server = ScriptedServer.answering { _ in ScriptedServer.ok(body) }
        defer { server.stop() }
        let received = Received()
        let request = HTTPRequest(url: server.url, bodyLimitBytes: 1_000)
        _ = try await withTransport { try await $0.stream(request, received.take) }
        #expect(received.all.utf8.count == 100_000)
        await #expect(throws: TransportError.self) { try await withTransport { try await $0.send(request) } }
    }

    @Test func theReceiverEndsTheRequest() async throws {
        let server = ScriptedServer { peer in
            guard peer.request() != nil, peer.send(Self.head) else { return }
            while peer.send("4\r\nmore\r\n") {}
        }
        defer { server.stop() }
        await #expect(
            throws: TransportError.broken(address: server.url + "/", reason: "the receiver ended the request")
        ) {
            try await withTransport { try await $0.stream(HTTPRequest(url: server.url)) { _ in false } }
        }
    }

    @Test func theTimeLimitHolds() async throws {
        let server = ScriptedServer { peer in
            guard peer.request() != nil else { return }
            peer.send(Self.head + "4\r\nwait\r\n")
            peer.waitForEnd()
        }
        defer { server.stop() }
        let received = Received()
        let request = HTTPRequest(url: server.url, timeoutMs: 300)
        await #expect(throws: TransportError.timedOut(address: server.url + "/", afterMs: 300)) {
            try await withTransport { try await $0.stream(request, received.take) }
        }
        #expect(received.all == "wait")
    }

    /// A request after a stream collects its body again, on the same handle.
    @Test func theNextAnswerIsCollected() async throws {
        let server = ScriptedServer.answering { _ in ScriptedServer.ok("body") }
        defer { server.stop() }
        let received = Received()
        try await withTransport { transport in
            _ = try await transport.stream(HTTPRequest(url: server.url), received.take)
            #expect(try await transport.send(HTTPRequest(url: server.url)).text == "body")
        }
        #expect(received.all == "body")
    }
}
