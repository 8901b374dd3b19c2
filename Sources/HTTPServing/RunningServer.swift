package import Hummingbird
package import HummingbirdCore
import Logging
import NIOCore

/// A server that listens from ``start(_:host:port:limits:)`` to ``stop()``, for an owner that is not a service itself.
package final class RunningServer: Sendable {
    /// At most so many connections at the same time; others wait in the system's queue.
    private static let connectionLimit = 512

    private let channel: any Channel
    private let running: Task<Void, any Error>

    private init(channel: any Channel, running: Task<Void, any Error>) {
        self.channel = channel
        self.running = running
    }

    /// Returns when the server accepts connections.
    ///
    /// - Throws: why the address cannot be listened on.
    package static func start<Responder: HTTPResponder>(
        _ responder: Responder, host: String, port: Int, limits: HTTP1Channel.Configuration
    ) async throws -> RunningServer
    where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
        let (bound, announce) = AsyncStream.makeStream(of: (any Channel).self)
        let application = Application(
            responder: responder, server: .http1(configuration: limits),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(connectionLimit)),
            onServerRunning: { announce.yield($0) },
            logger: Logger(label: "http", factory: { _ in SwiftLogNoOpLogHandler() }))
        let running = Task {
            defer { announce.finish() }
            try await application.run()
        }
        for await channel in bound { return RunningServer(channel: channel, running: running) }
        try await running.value
        throw ChannelError.ioOnClosedChannel
    }

    package var isListening: Bool { channel.isActive }

    /// The port that the system gave, where 0 was asked for; nil once the server has stopped.
    package var port: Int? { channel.localAddress?.port }

    /// Stops listening and closes all connections. The address is free when this returns; a request that is being
    /// answered may outlive it.
    package func stop() async {
        try? await channel.close()
        running.cancel()
    }
}
