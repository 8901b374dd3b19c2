import NIOCore
import NIOPosix
import Synchronization

/// A TCP client that sends the given bytes unchanged and keeps what it gets.
final class RawClient: Sendable {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    let channel: any Channel
    private let inbox: Inbox

    private init(channel: any Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// `first` is sent by the connection itself as soon as it is open: a router that closes idle clients after a
    /// second has these bytes, however busy the machine is.
    static func connect(
        _ address: String, reads: Bool = true, timeoutMs: Int64 = 10_000, first: String = ""
    ) async throws -> RawClient {
        let inbox = Inbox()
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]) else {
            throw Problem(description: "not an address: \(address)")
        }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.milliseconds(timeoutMs))
            .channelOption(.autoRead, value: reads)
            .channelOption(.socketOption(.so_rcvbuf), value: 65_536)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox, first: first))
                }
            }
            .connect(host: String(address[..<colon]), port: port).get()
        return RawClient(channel: channel, inbox: inbox)
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)).get() }

    func startReading() async throws { try await channel.setOption(.autoRead, value: true).get() }

    var received: String { String(decoding: inbox.bytes, as: UTF8.self) }
    var receivedBytes: [UInt8] { inbox.bytes }
    /// Not `receivedBytes.count`: while that copy lives, the next arrival would copy all the bytes.
    var receivedCount: Int { inbox.count }
    var isClosed: Bool { inbox.isClosed }

    /// What has come when it satisfies the condition or the other side has closed.
    func receive(until condition: (String) -> Bool) async throws -> String {
        let isDone = await eventually { condition(received) || isClosed }
        guard isDone else { throw Problem(description: "only this came: \(received.prefix(2_000))") }
        return received
    }

    /// All that came until the other side closed.
    func receiveAll() async throws -> String {
        guard await eventually({ isClosed }) else { throw Problem(description: "still open after: \(received)") }
        return received
    }

    /// Takes what has come out of the inbox.
    func clear() { inbox.clear() }

    func close() async { try? await channel.close().get() }
}

private final class Inbox: Sendable {
    private let state = Mutex((bytes: [UInt8](), isClosed: false))

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    var count: Int { state.withLock { $0.bytes.count } }

    func add(_ buffer: ByteBuffer) {
        state.withLock { state in buffer.withUnsafeReadableBytes { state.bytes.append(contentsOf: $0) } }
    }
    func close() { state.withLock { $0.isClosed = true } }
    func clear() { state.withLock { $0.bytes.removeAll() } }
}

private final class InboxHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let inbox: Inbox
    private let first: String

    init(_ inbox: Inbox, first: String) {
        self.inbox = inbox
        self.first = first
    }

    func channelActive(context: ChannelHandlerContext) {
        guard !first.isEmpty else { return }
        context.writeAndFlush(NIOAny(ByteBuffer(string: first)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { inbox.add(unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) { inbox.close() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
