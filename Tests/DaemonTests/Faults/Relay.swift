import NIOCore
import NIOPosix
import Synchronization

/// A relay before a real server on loopback. Sees each request before that server does, and may lose it or its answer.
final class Relay: Sendable {
    /// What becomes of a request.
    enum Fate: Sendable {
        case pass
        /// The server never sees it; the connection breaks.
        case loseRequest
        /// The server does what is asked; the connection breaks before its answer is through.
        case loseAnswer
    }

    /// Called before the server sees the request, on an event loop.
    typealias OnRequest = @Sendable (RelayedRequest) -> Fate
    /// Called with the server's status before the client sees it, on an event loop.
    typealias OnAnswer = @Sendable (RelayedRequest, _ status: Int) -> Void

    /// `127.0.0.1:port`.
    let address: String
    private let listener: any Channel
    private let open: OpenEnds

    private init(listener: any Channel, open: OpenEnds) {
        self.listener = listener
        self.open = open
        address = "127.0.0.1:\(listener.localAddress?.port ?? 0)"
    }

    static func start(
        to server: String, onRequest: @escaping OnRequest, onAnswer: @escaping OnAnswer = { _, _ in }
    ) async throws -> Relay {
        let port = server.split(separator: ":").last.flatMap { Int($0) } ?? 0
        let open = OpenEnds()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    open.add(channel)
                    try channel.pipeline.syncOperations.addHandler(
                        RelayConnection(serverPort: port, open: open, onRequest: onRequest, onAnswer: onAnswer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return Relay(listener: listener, open: open)
    }

    func stop() async { try? await listener.close().get() }

    /// Lets through what a dead client left on its way, to the last answer.
    func drain() async throws {
        guard let port = listener.localAddress?.port else { return }
        // Connections are accepted in their order: when this one is answered, every earlier one is known.
        let last = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port).get()
        try await last.writeAndFlush(ByteBuffer(string: "\(Self.lastWord) / HTTP/1.1\r\n\r\n")).get()
        try await last.closeFuture.get()
        _ = await eventually(1_000, everyMs: 10) { self.open.count == 0 }
    }

    /// The method of a request that is answered with the connection's end.
    fileprivate static let lastWord = "LAST"
}

/// Counts connections that are open, on both sides.
private final class OpenEnds: Sendable {
    private let ends = Mutex(0)

    var count: Int { ends.withLock { $0 } }

    func add(_ channel: any Channel) {
        ends.withLock { $0 += 1 }
        channel.closeFuture.whenComplete { _ in self.ends.withLock { $0 -= 1 } }
    }
}

/// One connection of a client, and its own connection to the server.
private final class RelayConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let serverPort: Int
    private let open: OpenEnds
    private let onRequest: Relay.OnRequest
    private let onAnswer: Relay.OnAnswer
    private var received: [UInt8] = []
    private var server: (any Channel)?
    /// Sent on, not answered yet.
    private var pending: (request: RelayedRequest, fate: Relay.Fate)?

    init(
        serverPort: Int, open: OpenEnds, onRequest: @escaping Relay.OnRequest, onAnswer: @escaping Relay.OnAnswer
    ) {
        self.serverPort = serverPort
        self.open = open
        self.onRequest = onRequest
        self.onAnswer = onAnswer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += Array(unwrapInboundIn(data).readableBytesView)
        while let request = RelayedRequest.cut(from: &received) {
            if request.method == Relay.lastWord { return context.close(promise: nil) }
            let fate = onRequest(request)
            if case .loseRequest = fate { return context.close(promise: nil) }
            pending = (request, fate)
            send(request, context: context)
        }
    }

    private func send(_ request: RelayedRequest, context: ChannelHandlerContext) {
        if let server {
            server.writeAndFlush(ByteBuffer(bytes: request.bytes), promise: nil)
            return
        }
        let client = context.channel
        let this = NIOLoopBound(self, eventLoop: context.eventLoop)
        let open = open
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    open.add(channel)
                    try channel.pipeline.syncOperations.addHandler(AnswerHandler(connection: this, client: client))
                }
            }
            .connect(host: "127.0.0.1", port: serverPort)
            .whenComplete { result in
                guard case .success(let server) = result else { return client.close(promise: nil) }
                this.value.server = server
                server.writeAndFlush(ByteBuffer(bytes: request.bytes), promise: nil)
            }
    }

    /// The server's bytes on their way to the client.
    func answered(_ bytes: ByteBuffer, client: any Channel) {
        if let (request, fate) = pending {
            pending = nil
            let status = Int(String(decoding: bytes.readableBytesView.dropFirst(9).prefix(3), as: UTF8.self)) ?? 0
            onAnswer(request, status)
            if case .loseAnswer = fate { return client.close(promise: nil) }
        }
        client.writeAndFlush(bytes, promise: nil)
    }

    /// A client that died does not unsay what it asked: its request reaches the server, and the answer is seen.
    func channelInactive(context: ChannelHandlerContext) {
        if pending == nil { server?.close(promise: nil) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// The side that faces the server.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: NIOLoopBound<RelayConnection>
    private let client: any Channel

    init(connection: NIOLoopBound<RelayConnection>, client: any Channel) {
        self.connection = connection
        self.client = client
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.value.answered(unwrapInboundIn(data), client: client)
        if !client.isActive { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
