import Foundation
import Glibc
import HTTPClient
import Model
import Ports
import Testing

@testable import FlagServing

@Suite("Flags served by HTTP")
struct FlagServerTests {
    private let transport = CurlTransport(userAgent: "test", secrets: SystemSecretStore())

    @Test func anUnchangedDocumentIsNotSentAgain() async throws {
        let world = try await FlagWorld(FlagWorld.document("on"))
        let first = try await get(world)
        let tag = try #require(first.headers.first { $0.name.lowercased() == "etag" }?.value)
        #expect(first.status == 200 && text(first) == FlagWorld.document("on"))
        #expect(try await get(world, [TextPair("If-None-Match", tag)]).status == 304)
        #expect(try await get(world, [TextPair("If-None-Match", "\"other\", W/\(tag)")]).status == 304)
        try world.write(FlagWorld.document("off"))
        #expect(await eventually { world.log.all.contains { $0.contains("new-checkout: on -> off") } })
        let second = try await get(world, [TextPair("If-None-Match", tag)])
        #expect(second.status == 200 && text(second) == FlagWorld.document("off"))
        await world.stop()
    }

    @Test func aBrokenFileLeavesTheOneBeforeInForce() async throws {
        let world = try await FlagWorld(FlagWorld.document("on"))
        try world.write("{\"flags\":")
        #expect(await eventually { world.log.all.contains { $0.contains("is refused, the revision") } })
        #expect(text(try await get(world)) == FlagWorld.document("on"))
        unlink(world.path)
        #expect(await eventually { world.log.all.contains { $0.contains("cannot be read: No such file") } })
        #expect(text(try await get(world)) == FlagWorld.document("on"))
        // The same content again is no change, and a reason is logged once.
        try world.write(FlagWorld.document("on"))
        try world.write(FlagWorld.document("off"))
        #expect(await eventually { world.log.all.contains { $0.contains("on -> off") } })
        #expect(world.log.all.filter { $0.hasPrefix("error") }.count == 2, "\(world.log.all)")
        await world.stop()
    }

    @Test func withoutADocumentNothingIsServed() async throws {
        let world = try await FlagWorld(nil)
        #expect(try await get(world).status == 503)
        try world.write(FlagWorld.document("off"))
        #expect(await eventually { world.log.all.contains { $0.contains("has the revision") } })
        #expect(try await get(world).status == 200)
        await world.stop()
    }

    @Test(arguments: [("POST", "/flags.json", 405), ("GET", "/", 404), ("GET", "/ofrep/v1/evaluate/flags/x", 405)])
    func nothingElseIsServed(_ method: String, _ path: String, _ status: Int) async throws {
        let world = try await FlagWorld(FlagWorld.document("on"))
        let answer = try await transport.send(HTTPRequest(method: method, url: world.address + path))
        #expect(answer.status == status)
        await world.stop()
    }

    /// A reader that grants no room for the document is dropped, and holds no stream.
    @Test func aReaderThatTakesNothingIsDropped() async throws {
        let world = try await FlagWorld(FlagWorld.document("on"), slowReaderMs: 3_000)
        let reader = SilentReader(port: world.number)
        #expect(await eventually { world.server.streamCount == 1 })
        #expect(await eventually { world.server.streamCount == 0 })
        reader.close()
        await world.stop()
    }

    @Test func aConnectionThatSendsNothingSensibleIsClosed() async throws {
        let world = try await FlagWorld(FlagWorld.document("on"))
        for text in ["PRX\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "\u{0}\u{1}\u{2}\u{3}\u{4}"] {
            let socket = RawSocket(port: world.number)
            socket.send(Array(text.utf8))
            #expect(await socket.isClosed(), "\(text)")
            socket.close()
        }
        #expect(try await get(world).status == 200)
        await world.stop()
    }

    private func get(_ world: FlagWorld, _ headers: [TextPair] = []) async throws -> HTTPResponse {
        try await transport.send(HTTPRequest(url: world.address + "/flags.json", headers: headers))
    }

    private func text(_ response: HTTPResponse) -> String {
        var copy = response
        return String(decoding: copy.takeBody(), as: UTF8.self)
    }
}

/// A connection without a protocol.
final class RawSocket: Sendable {
    private let descriptor: Int32

    init(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    func send(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// Reads what comes until the other side closes.
    func isClosed() async -> Bool {
        await eventually {
            var bytes = [UInt8](repeating: 0, count: 1_024)
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return count == 0 || (count < 0 && errno == ECONNRESET)
        }
    }

    func close() { Glibc.close(descriptor) }
}

/// Opens a stream of `SyncFlags` with a window of no bytes (RFC 9113, sections 6.5.2 and 6.9.2).
struct SilentReader {
    private let socket: RawSocket

    init(port: Int) {
        socket = RawSocket(port: port)
        socket.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8))
        // SETTINGS_INITIAL_WINDOW_SIZE = 0.
        socket.send(Self.frame(4, 0, 0, [0, 4, 0, 0, 0, 0]))
        let fields = [
            (":method", "POST"), (":scheme", "http"), (":path", SyncAnswers.stream), (":authority", "a"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]
        // RFC 7541, section 6.2.2: literal fields without indexing.
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0, UInt8(name.utf8.count)] + Array(name.utf8)
            block += [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        socket.send(Self.frame(1, 4, 1, block))
        socket.send(Self.frame(0, 1, 1, [0, 0, 0, 0, 0]))
    }

    func close() { socket.close() }

    private static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, 0, UInt8(payload.count), type, flags, 0, 0, 0, stream] + payload
    }
}
