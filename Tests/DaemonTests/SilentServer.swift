import NIOCore
import NIOPosix
import Synchronization

/// Accepts, and says nothing.
final class SilentServer: Sendable {
    /// Connections so far.
    let accepted = Mutex(0)
    private let channel = Mutex<(any Channel)?>(nil)

    /// - Returns: its address, `127.0.0.1:PORT`.
    func start() async throws -> String {
        let bound = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                self.accepted.withLock { $0 += 1 }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        channel.withLock { $0 = bound }
        return "127.0.0.1:\(bound.localAddress?.port ?? 0)"
    }

    func stop() async throws { try await channel.withLock { $0 }?.close().get() }
}
