import NIOCore
import NIOPosix

/// The targets: one listener, one thread, and as many addresses as there are targets.
final class TargetServer: Sendable {
    let world: TargetWorld
    let port: Int
    private let listener: any Channel
    private let group: MultiThreadedEventLoopGroup

    private init(world: TargetWorld, listener: any Channel, group: MultiThreadedEventLoopGroup) {
        self.world = world
        self.listener = listener
        self.group = group
        port = listener.localAddress?.port ?? 0
    }

    static func start(_ world: TargetWorld) async throws -> TargetServer {
        // One thread: it costs the measured programs the least.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4_096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // The listener must take every address of 127.0.0.0/8, and with them those of the outside: they get
                    // no answer.
                    guard let host = channel.localAddress?.ipAddress, host.hasPrefix("127.") else {
                        return channel.close(promise: nil)
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        TargetConnection(world: world, target: TargetAddress.target(of: host)))
                }
            }
            .bind(host: "0.0.0.0", port: 0).get()
        return TargetServer(world: world, listener: listener, group: group)
    }

    /// Closes the listener and all connections.
    func stop() async {
        try? await listener.close().get()
        try? await group.shutdownGracefully()
    }

    /// `127.10.0.1:PORT`.
    func address(of target: Int) -> String { "\(TargetAddress.host(of: target)):\(port)" }

    /// A URL of the router, the store or the webhook.
    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }
}
