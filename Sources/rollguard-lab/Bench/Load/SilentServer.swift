import NIOCore
import NIOPosix
import Synchronization

/// A server on 127.0.0.1 that takes requests and answers none of them: what the steps of plans hang at.
final class SilentServer: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let requests = Mutex(0)
    private let channel: Mutex<(any Channel)?> = Mutex(nil)

    /// Connections on which something has arrived.
    var count: Int { requests.withLock { $0 } }

    /// - Returns: its port.
    func start() async throws -> Int {
        let opened = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Listener(heard: { [self] in note() }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        channel.withLock { $0 = opened }
        return opened.localAddress?.port ?? 0
    }

    func stop() async { try? await group.shutdownGracefully() }

    private func note() { requests.withLock { $0 += 1 } }
}

private final class Listener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let heard: @Sendable () -> Void
    private var hasHeard = false

    init(heard: @escaping @Sendable () -> Void) { self.heard = heard }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasHeard else { return }
        hasHeard = true
        heard()
    }
}
