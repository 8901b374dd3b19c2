import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP/1.1 listener on 127.0.0.1, on a port that the system chose unless one is wanted, which knows its connections and can therefore
/// close them all, as a crash would.
final class LoopbackServer: Sendable {
    private let listener: any Channel
    private let connections: OpenConnections

    /// `127.0.0.1:port`.
    let address: String

    private init(listener: any Channel, connections: OpenConnections) {
        self.listener = listener
        self.connections = connections
        address = "127.0.0.1:\(listener.localAddress?.port ?? 0)"
    }

    /// Listens. `configure` is called once per connection, on the connection's event loop, to add its handlers.
    static func start(
        port: Int = 0, configure: @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
    ) async throws -> LoopbackServer {
        let connections = OpenConnections()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    connections.add(channel)
                    try configure(channel.pipeline.syncOperations)
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return LoopbackServer(listener: listener, connections: connections)
    }

    /// Closes the listener and every connection; when it returns, connections are refused.
    func stop() async {
        try? await listener.close().get()
        for channel in connections.takeAll() { try? await channel.close().get() }
    }
}

/// The connections that are open now.
final class OpenConnections: Sendable {
    private struct State {
        var isClosed = false
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    private let state = Mutex(State())

    /// Remembers a connection until it closes; one that comes after `takeAll` is closed at once.
    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let isLate = state.withLock { state in
            if !state.isClosed { state.channels[id] = channel }
            return state.isClosed
        }
        if isLate { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { [weak self] _ in self?.forget(id) }
    }

    private func forget(_ id: ObjectIdentifier) {
        state.withLock { _ = $0.channels.removeValue(forKey: id) }
    }

    func takeAll() -> [any Channel] {
        state.withLock { state in
            state.isClosed = true
            defer { state.channels.removeAll() }
            return Array(state.channels.values)
        }
    }
}
