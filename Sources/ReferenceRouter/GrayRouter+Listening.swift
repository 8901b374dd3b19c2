import NIOCore
import NIOHTTP1
import NIOPosix

extension GrayRouter {
    /// One pool per event loop, by the loop's identity.
    func makePools() async throws -> [ObjectIdentifier: NIOLoopBound<UpstreamPool>] {
        var pools: [ObjectIdentifier: NIOLoopBound<UpstreamPool>] = [:]
        let loops = Array(group.makeIterator())
        let idleLimit = room.idleConnections / loops.count
        for loop in loops {
            pools[ObjectIdentifier(loop)] = try await loop.submit {
                NIOLoopBound(UpstreamPool(loop: loop, idleLimit: idleLimit), eventLoop: loop)
            }.get()
        }
        return pools
    }

    func listenForClients(
        shared: ProxyShared, pools: [ObjectIdentifier: NIOLoopBound<UpstreamPool>], connections: Connections
    ) async throws -> any Channel {
        let gate = ClientGate(limit: room.clients, report: report)
        return try await listen(configuration.listen) { channel in
            guard let pool = pools[ObjectIdentifier(channel.eventLoop)], gate.enter(shared.metrics) else {
                throw ChannelError.operationUnsupported
            }
            channel.closeFuture.whenComplete { _ in gate.leave(shared.metrics) }
            guard connections.add(channel) else { throw ChannelError.operationUnsupported }
            var framing = HTTPResponseEncoder.Configuration()
            framing.automaticallySetFramingHeaders = false
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPResponseEncoder(configuration: framing))
            try pipeline.addHandler(
                ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: ProxyLimits.heads)))
            try pipeline.addHandler(HTTPServerPipelineHandler())
            try pipeline.addHandler(
                ClientConnection(shared: shared, pool: pool.value, loop: channel.eventLoop))
        } configure: {
            $0.childChannelOption(.autoRead, value: false)
        }
    }

    func listenForAdmin(api: AdminAPI, connections: Connections) async throws -> any Channel {
        try await listen(configuration.adminListen) { channel in
            guard connections.add(channel) else { throw ChannelError.operationUnsupported }
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPResponseEncoder())
            try pipeline.addHandler(
                ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: ProxyLimits.heads)))
            try pipeline.addHandler(HTTPServerPipelineHandler())
            try pipeline.addHandler(AdminConnection(api: api, loop: channel.eventLoop))
        }
    }

    /// An error from `connected` closes the connection.
    private func listen(
        _ address: String, connected: @escaping @Sendable (any Channel) throws -> Void,
        configure: (ServerBootstrap) -> ServerBootstrap = { $0 }
    ) async throws -> any Channel {
        guard let place = HostAndPort(address) else {
            throw GrayRouterError.cannotListen(address: address, reason: "it is not host:port")
        }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try connected(channel) }
            }
        do {
            return try await configure(bootstrap).bind(host: place.host, port: place.port).get()
        } catch let error as IOError {
            throw GrayRouterError.cannotListen(address: address, reason: FileProblem(code: error.errnoCode).reason)
        } catch {
            throw GrayRouterError.cannotListen(address: address, reason: "\(error)")
        }
    }

    static func text(_ listener: any Channel) -> String {
        guard let address = listener.localAddress, let host = address.ipAddress, let port = address.port else {
            return ""
        }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
