import NIOCore
import NIOHTTP1
import NIOPosix

/// One event loop's connections to the servers. A client connection and its upstream connection live on the same loop,
/// so that a byte never changes threads on its way.
final class UpstreamPool {
    private let loop: any EventLoop
    /// Per server, the one used last at the end: it is the least likely to have gone stale.
    private var idle: [ObjectIdentifier: [UpstreamConnection]] = [:]
    private var isClosed = false
    /// Of all servers together.
    private let idleLimit: Int
    private var idleCount: Int { idle.values.reduce(0) { $0 + $1.count } }

    init(loop: any EventLoop, idleLimit: Int) {
        self.loop = loop
        self.idleLimit = idleLimit
    }

    /// An idle connection, if there is one.
    func take(_ backend: Backend) -> UpstreamConnection? {
        while let connection = idle[ObjectIdentifier(backend)]?.popLast() {
            if connection.leaveIdle() { return connection }
        }
        return nil
    }

    /// Keeps a connection for the next request, or closes it when there are enough.
    func put(_ connection: UpstreamConnection) {
        let key = ObjectIdentifier(connection.backend)
        guard !isClosed, idle[key, default: []].count < ProxyLimits.idlePerBackend, idleCount < idleLimit else {
            return connection.close()
        }
        idle[key, default: []].append(connection)
        connection.becomeIdle()
    }

    func forget(_ connection: UpstreamConnection) {
        let key = ObjectIdentifier(connection.backend)
        idle[key]?.removeAll { $0 === connection }
        // A server that a reload took out leaves nothing behind.
        if idle[key]?.isEmpty == true { idle[key] = nil }
    }

    /// A new connection; `done` is called once, on this loop.
    func connect(
        _ backend: Backend, within connectTimeout: TimeAmount,
        done: @escaping (Result<UpstreamConnection, any Error>) -> Void
    ) {
        let bound = NIOLoopBound((pool: self, done: done), eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(connectTimeout)
            .channelOption(.autoRead, value: false)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.configure(channel, UpstreamConnection(backend: backend, pool: bound.value.pool))
                }
            }
            .connect(host: backend.host, port: backend.port)
            .flatMapThrowing { channel in
                NIOLoopBound(
                    try channel.pipeline.syncOperations.handler(type: UpstreamConnection.self),
                    eventLoop: channel.eventLoop)
            }
            .whenComplete { result in
                backend.mark(up: (try? result.get()) != nil)
                bound.value.done(result.map(\.value))
            }
    }

    private static func configure(_ channel: any Channel, _ connection: UpstreamConnection) throws {
        var framing = HTTPRequestEncoder.Configuration()
        framing.automaticallySetFramingHeaders = false
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTPRequestEncoder(configuration: framing))
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPResponseDecoder(informationalResponseStrategy: .forward, limitConfiguration: ProxyLimits.heads)))
        try pipeline.addHandler(connection)
    }

    /// Closes what is idle; connections in use are closed when they are put back.
    func close() {
        isClosed = true
        let connections = idle.values.joined()
        idle = [:]
        for connection in connections { connection.close() }
    }
}
