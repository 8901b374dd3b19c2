import NIOCore
import NIOPosix
import Synchronization

/// A TCP server that answers the first bytes of each connection with a text and closes.
final class RawServer: Sendable {
    let address: String
    private let texts: Texts

    private final class Texts: Sendable {
        let all = Mutex<[String]>([])
    }

    /// One element per connection.
    var received: [String] { texts.all.withLock { $0 } }

    static func run<Result>(
        _ reply: @escaping @Sendable (String) -> String, _ work: (RawServer) async throws -> Result
    ) async throws -> Result {
        let texts = Texts()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(texts: texts, reply: reply))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = RawServer(address: "127.0.0.1:\(channel.localAddress?.port ?? 0)", texts: texts)
        do {
            let result = try await work(server)
            try await channel.close().get()
            return result
        } catch {
            try? await channel.close().get()
            throw error
        }
    }

    private init(address: String, texts: Texts) {
        self.address = address
        self.texts = texts
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let texts: Texts
        private let reply: @Sendable (String) -> String

        init(texts: Texts, reply: @escaping @Sendable (String) -> String) {
            self.texts = texts
            self.reply = reply
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            texts.all.withLock { $0.append(text) }
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: reply(text)))).whenComplete { _ in
                bound.value.close(promise: nil)
            }
        }
    }
}
