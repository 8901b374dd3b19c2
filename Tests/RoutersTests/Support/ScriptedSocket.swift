import NIOCore
import NIOPosix
import Synchronization

/// A runtime socket that misbehaves: takes a line and sends a scripted answer, or nothing.
final class ScriptedSocket: Sendable {
    enum Reply: Sendable {
        /// Then closes.
        case text(String)
        /// Keeps the connection open and says nothing.
        case silence
    }

    let address: String
    private let channel: any Channel
    private let received: Lines

    private final class Lines: Sendable {
        let lines = Mutex<[String]>([])
    }

    /// What came in, one element per connection.
    var lines: [String] { received.lines.withLock { $0 } }

    /// - Parameter path: a unix socket; nil for a TCP port that the system chose.
    static func run(
        path: String? = nil, _ reply: @escaping @Sendable (String) -> Reply,
        _ work: (ScriptedSocket) async throws -> Void
    ) async throws {
        let received = Lines()
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(received: received, reply: reply))
                }
            }
        let binding =
            path.map { bootstrap.bind(unixDomainSocketPath: $0, cleanupExistingSocketFile: true) }
            ?? bootstrap.bind(host: "127.0.0.1", port: 0)
        let channel = try await binding.get()
        let address = path ?? "127.0.0.1:\(channel.localAddress?.port ?? 0)"
        let socket = ScriptedSocket(address: address, channel: channel, received: received)
        do {
            try await work(socket)
        } catch {
            try? await channel.close().get()
            throw error
        }
        try await channel.close().get()
    }

    private init(address: String, channel: any Channel, received: Lines) {
        self.address = address
        self.channel = channel
        self.received = received
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let received: Lines
        private let reply: @Sendable (String) -> Reply
        private var text = ""

        init(received: Lines, reply: @escaping @Sendable (String) -> Reply) {
            self.received = received
            self.reply = reply
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            guard text.hasSuffix("\n") else { return }
            let line = String(text.dropLast())
            received.lines.withLock { $0.append(line) }
            guard case .text(let answer) = reply(line) else { return }
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer))).whenComplete { _ in
                bound.value.close(promise: nil)
            }
        }
    }
}
