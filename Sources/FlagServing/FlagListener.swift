import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The port at which flags are served, and its connections.
final class FlagListener: Sendable {
    /// At one time; a further one is closed at once.
    private static let connectionLimit = 1_000

    private let channel: any Channel
    private let connections: Connections

    /// - Throws: why the address cannot be listened on.
    static func open(
        host: String, port: Int, board: FlagBoard, slowReaderLimit: TimeAmount
    ) async throws -> FlagListener {
        let connections = Connections(limit: connectionLimit)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256).serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Finds out about peers that are gone without having closed the connection.
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    guard connections.add(child) else { throw ChannelError.ioOnClosedChannel }
                    try child.pipeline.syncOperations.addHandler(
                        ProtocolChoice { FlagRequestHandler(board: board, slowReaderLimit: slowReaderLimit) })
                }
            }.bind(host: host, port: port).get()
        return FlagListener(channel: channel, connections: connections)
    }

    private init(channel: any Channel, connections: Connections) {
        (self.channel, self.connections) = (channel, connections)
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    func close() async {
        try? await channel.close()
        for connection in connections.all { try? await connection.close() }
    }
}

/// Open connections, so that they can be closed with their port.
private final class Connections: Sendable {
    private let limit: Int
    private let open = Mutex<[ObjectIdentifier: any Channel]>([:])

    init(limit: Int) { self.limit = limit }

    var all: [any Channel] { open.withLock { Array($0.values) } }

    func add(_ channel: any Channel) -> Bool {
        let key = ObjectIdentifier(channel)
        let hasRoom = open.withLock { open in
            guard open.count < limit else { return false }
            open[key] = channel
            return true
        }
        if hasRoom { channel.closeFuture.whenComplete { [self] _ in open.withLock { $0[key] = nil } } }
        return hasRoom
    }
}
