import NIOCore
import Synchronization
import Testing

@testable import ReferenceRouter

/// Long bodies, and what happens when one side is slower than the other.
struct StreamingTests {
    private static let longBody = 20 << 20
    /// More than all the buffers of three sockets on the way can hold.
    private static let hugeBody = 128 << 20
    /// What those buffers and the router may hold: the kernel grows a socket's buffers to 6 MB at most.
    private static let buffersLimit = 48 << 20

    /// Sends the pattern until it is all sent or the connection fails, counting what the kernel has taken.
    private func sendPattern(_ count: Int, on client: RawClient, sent: Counter) async throws {
        var offset = 0
        while offset < count {
            let bytes = Pattern.bytes(at: offset, count: count - offset)
            try await client.channel.writeAndFlush(bytes).get()
            offset += bytes.readableBytes
            sent.set(offset)
        }
    }

    /// Waits until a number has not changed for half a second.
    private func standstill(_ value: () -> Int) async -> Int {
        var last = (value: -1, times: 0)
        _ = await eventually {
            let now = value()
            last = now == last.value ? (now, last.times + 1) : (now, 0)
            return last.times >= 100
        }
        return last.value
    }

    @Test func aLongRequestArrivesIntact() async throws {
        try await withRouter(answer: { _ in .ok("done") }) { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.longBody)\r\n\r\n")
            try await sendPattern(Self.longBody, on: client, sent: Counter())
            #expect(try Reply(try await client.receive { $0.hasSuffix("done") }).status == 200)
            #expect(baseline.log.bodyBytes == Self.longBody)
            #expect(baseline.log.bodyIsIntact)
            await client.close()
        }
    }

    @Test func aLongAnswerArrivesIntact() async throws {
        try await withRouter(answer: { _ in .pattern(count: Self.longBody) }) { router, _, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(await eventually { client.receivedCount > Self.longBody })
            try expectPattern(client.receivedBytes, count: Self.longBody)
            await client.close()
        }
    }

    private func expectPattern(_ bytes: [UInt8], count: Int) throws {
        let head = try #require(bytes.prefix(4_096).firstRange(of: Array("\r\n\r\n".utf8)))
        let body = ByteBuffer(bytes: bytes[head.upperBound...])
        #expect(body.readableBytes == count)
        #expect(Pattern.matches(body, at: 0))
    }

    @Test func aServerThatDoesNotReadStopsItsClient() async throws {
        try await withRouter(reads: false, answer: { _ in .ok("done") }) { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.hugeBody)\r\n\r\n")
            let sent = Counter()
            async let sending: Void = sendPattern(Self.hugeBody, on: client, sent: sent)
            #expect(await eventually { sent.value > 0 })
            let stoppedAt = await standstill { sent.value }
            #expect(stoppedAt < Self.buffersLimit)
            #expect(baseline.log.bodyBytes == 0)
            await baseline.log.letRead()
            try await sending
            #expect(try Reply(try await client.receive { $0.hasSuffix("done") }).status == 200)
            #expect(baseline.log.bodyBytes == Self.hugeBody)
            #expect(baseline.log.bodyIsIntact)
            await client.close()
        }
    }

    @Test func aClientThatDoesNotReadStopsItsServer() async throws {
        try await withRouter(answer: { _ in .pattern(count: Self.hugeBody) }) { router, baseline, _ in
            let client = try await RawClient.connect(router.data, reads: false)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(await eventually { baseline.log.writtenBytes > 0 })
            let stoppedAt = await standstill { baseline.log.writtenBytes }
            #expect(stoppedAt < Self.buffersLimit)
            try await client.startReading()
            #expect(await eventually { client.receivedCount > Self.hugeBody })
            try expectPattern(client.receivedBytes, count: Self.hugeBody)
            await client.close()
        }
    }

    @Test func bothBodiesMayBeUnderWayAtOnce() async throws {
        // The server begins its answer before the request has ended, and ends it after.
        try await withRouter(onHead: { _ in
            .bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        }) { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf")
            _ = try await client.receive { $0.hasSuffix("first\r\n") }
            try await client.send("half")
            #expect(await eventually { baseline.log.requests.count == 1 })
            let request = try #require(baseline.log.requests.first)
            #expect(request.body == "halfhalf")
            let connection = baseline.log.connections[request.connection - 1]
            try await connection.writeAndFlush(ByteBuffer(string: "4\r\nlast\r\n0\r\n\r\n")).get()
            let text = try await client.receiveAll()
            #expect(text.hasSuffix("5\r\nfirst\r\n4\r\nlast\r\n0\r\n\r\n"))
        }
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func set(_ value: Int) { count.withLock { $0 = value } }
}
