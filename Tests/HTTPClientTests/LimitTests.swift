import Foundation
import Ports
import Testing

@testable import HTTPClient

/// Answers that never end, come too slowly, or are too large.
struct LimitTests {
    private static let megabyte = 1 << 20

    @Test func anEndlessChunkedBodyIsCutAtTheLimit() async throws {
        let server = ScriptedServer { peer in
            guard peer.request() != nil else { return }
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = Array("4000\r\n".utf8) + [UInt8](repeating: 120, count: 0x4000) + Array("\r\n".utf8)
            while peer.send(chunk) {}
        }
        defer { server.stop() }
        let error = try await withTransport { await $0.failure(HTTPRequest(url: server.url)) }
        #expect(error == .bodyTooLarge(address: server.url + "/", limitBytes: Self.megabyte))
        #expect(await eventually { server.endedConnections == 1 })
    }

    @Test func anEndlessBodyWithoutALengthIsCutAtTheLimit() async throws {
        let server = ScriptedServer { peer in
            guard peer.request() != nil else { return }
            peer.send("HTTP/1.1 200 OK\r\n\r\n")
            while peer.send([UInt8](repeating: 0, count: 65_536)) {}
        }
        defer { server.stop() }
        let error = try await withTransport { await $0.failure(HTTPRequest(url: server.url, bodyLimitBytes: 100_000)) }
        #expect(error == .bodyTooLarge(address: server.url + "/", limitBytes: 100_000))
    }

    @Test func anAnnouncedLengthAboveTheLimitIsRefusedAtTheFirstByte() async throws {
        let server = ScriptedServer { peer in
            guard peer.request() != nil else { return }
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\nx")
            peer.waitForEnd()
        }
        defer { server.stop() }
        let error = try await withTransport { await $0.failure(HTTPRequest(url: server.url, timeoutMs: 60_000)) }
        #expect(error == .bodyTooLarge(address: server.url + "/", limitBytes: Self.megabyte))
    }

    @Test(.enabled(if: isInstalled("gzip"), "needs gzip"), arguments: [true, false])
    func aGzipBombIsCutAtTheLimitOfTheDecodedBody(wasAskedFor: Bool) async throws {
        let folder = try TemporaryFolder()
        try run("sh", ["-c", "head -c 50000000 /dev/zero | gzip -9 > bomb.gz"], in: folder.path)
        let bomb = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path + "/bomb.gz")))
        #expect(bomb.count < 100_000)
        let server = ScriptedServer { peer in
            while let request = peer.request() {
                #expect((request.values("Accept-Encoding").first?.contains("gzip") ?? false) == wasAskedFor)
                peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n")
                peer.send(bomb)
            }
        }
        defer { server.stop() }
        try await withTransport { transport in
            let small = HTTPRequest(url: server.url, acceptsCompression: wasAskedFor)
            #expect(
                await transport.failure(small) == .bodyTooLarge(address: server.url + "/", limitBytes: Self.megabyte))
            let large = HTTPRequest(
                url: server.url, timeoutMs: 60_000, bodyLimitBytes: 50_000_000, acceptsCompression: wasAskedFor)
            let response = try await transport.send(large)
            #expect(response.body.count == 50_000_000)
        }
    }

    /// A body's memory serves later bodies, and nothing of the old one shows.
    @Test func memoryOfABodyIsUsedAgain() async throws {
        let server = ScriptedServer.answering { request in
            ScriptedServer.ok(
                String(
                    repeating: request.line.contains("/long") ? "a" : "b",
                    count: request.line.contains("/long") ? 50_000 : 3))
        }
        defer { server.stop() }
        try await withTransport { transport in
            var long = try await transport.send(HTTPRequest(url: server.url + "/long"))
            #expect(long.body.count == 50_000)
            let address = long.body.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
            transport.reuse(long.takeBody())
            #expect(long.body.isEmpty)
            let short = try await transport.send(HTTPRequest(url: server.url + "/short"))
            #expect(short.text == "bbb")
            #expect(short.body.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } == address)
        }
    }

    @Test func aPoolOfBodiesKeepsFewAndNoLargeOnes() {
        let pool = BodyPool(most: 2)
        for _ in 0..<3 { pool.giveBack([UInt8](repeating: 1, count: 100)) }
        pool.giveBack([UInt8](repeating: 1, count: BodyPool.largestKeptBytes + 1))
        let taken = (0..<3).map { _ in pool.take() }
        #expect(taken.allSatisfy(\.isEmpty) && taken.map { $0.capacity >= 100 } == [true, true, false])
    }

    @Test func aBodyThatIsStillHeldComesBackAsItself() {
        let pool = BodyPool(most: 2)
        func lend() -> UInt {
            let body = [UInt8](repeating: 1, count: 100)
            let reader = body
            pool.giveBack(body)
            return reader.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
        }
        let address = lend()
        #expect(pool.take().withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } == address)
    }

    @Test(arguments: [(5, true), (4, false), (0, false)])
    func aBodyOfExactlyTheLimitIsTaken(limit: Int, isTaken: Bool) async throws {
        let server = ScriptedServer.answering { _ in ScriptedServer.ok("12345") }
        defer { server.stop() }
        let error = try await withTransport { await $0.failure(HTTPRequest(url: server.url, bodyLimitBytes: limit)) }
        #expect((error == nil) == isTaken)
    }

    @Test func endlessHeadersAreCut() async throws {
        let server = ScriptedServer { peer in
            guard peer.request() != nil else { return }
            peer.send("HTTP/1.1 200 OK\r\n")
            while peer.send("X-More: \(String(repeating: "x", count: 500))\r\n") {}
        }
        defer { server.stop() }
        let error = try await withTransport { await $0.failure(HTTPRequest(url: server.url, timeoutMs: 60_000)) }
        let text = "the connection to \(server.url)/ broke: its headers are larger than 65536 bytes"
        #expect(error?.description == text)
    }

    @Test func aDrippingServerMeetsTheTotalTimeout() async throws {
        let server = ScriptedServer { peer in
            guard peer.request() != nil else { return }
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while peer.send("1\r\nx\r\n") { usleep(5_000) }
        }
        defer { server.stop() }
        let error = try await withTransport { await $0.failure(HTTPRequest(url: server.url, timeoutMs: 200)) }
        #expect(error == .timedOut(address: server.url + "/", afterMs: 200))
    }

    @Test func aSilentServerMeetsTheTotalTimeout() async throws {
        let server = ScriptedServer { $0.waitForEnd() }
        defer { server.stop() }
        let error = try await withTransport { await $0.failure(HTTPRequest(url: server.url, timeoutMs: 150)) }
        #expect(error == .timedOut(address: server.url + "/", afterMs: 150))
    }

    @Test func aServerThatDoesNotAcceptMeetsTheConnectTimeout() async throws {
        // The handshake inside TLS never begins, so nothing of the request was sent.
        let (listener, port) = ScriptedServer.listenOnLoopback()
        defer { close(listener) }
        let request = HTTPRequest(url: "https://127.0.0.1:\(port)/", connectTimeoutMs: 150, timeoutMs: 60_000)
        let error = try await withTransport { await $0.failure(request) }
        #expect(error == .connectFailed(address: request.url, reason: "no connection within 150 ms"))
        #expect(error?.isWorthRetrying == true)
    }

    @Test func aFullQueueIsAnErrorAtOnce() async throws {
        let server = ScriptedServer { $0.waitForEnd() }
        defer { server.stop() }
        try await withTransport(maxInFlight: 1, maxWaiting: 1) { transport in
            let request = HTTPRequest(url: server.url, timeoutMs: 60_000)
            let held = (0..<2).map { _ in Task { await transport.failure(request) } }
            let isFull = await eventually {
                let error = await transport.failure(HTTPRequest(url: server.url, timeoutMs: 20))
                return error?.description.contains("2 requests are waiting already") == true
            }
            #expect(isFull)
            for task in held { task.cancel() }
            for task in held { #expect(await task.value?.description.hasSuffix("was cancelled") == true) }
        }
    }

    @Test func aRequestThatFindsNoFreeSlotInTimeSaysSo() async throws {
        let server = ScriptedServer { $0.waitForEnd() }
        defer { server.stop() }
        try await withTransport(maxInFlight: 1) { transport in
            let held = Task { await transport.failure(HTTPRequest(url: server.url, timeoutMs: 60_000)) }
            #expect(await eventually { server.connections == 1 })
            let error = await transport.failure(HTTPRequest(url: server.url, timeoutMs: 100))
            #expect(error?.description.contains("all 1 transfers were busy for 100 ms") == true)
            held.cancel()
            _ = await held.value
        }
    }
}
