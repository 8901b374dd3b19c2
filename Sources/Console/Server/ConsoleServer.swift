import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ReleaseKernel
public import ServiceLifecycle

/// Serves the HTTP API, the metrics and the health checks on one address until it is told to stop.
public struct ConsoleServer: Service {
    /// At most, whatever is allowed; more wait in the system's queue.
    static let connectionLimit = 256
    static let headerLimitBytes = 16 * 1024
    static let idleSeconds: Int64 = 30
    /// How long calls in flight may take after a graceful shutdown; then their connections are cut.
    static let shutdownGrace: Duration = .seconds(5)

    private let operations: any Operations
    private let listen: ListenPlan
    private let secrets: any SecretStore
    private let version: String
    private let logger: Logger
    private let connectionLimit: Int
    private let onBound: (@Sendable (_ host: String, _ port: Int) async -> Void)?

    /// - Parameters:
    ///   - listen: port 0 asks the system for a free one.
    ///   - secrets: asked for the token at each call that needs it, so that a rotated one is taken up.
    ///   - connectionLimit: connections at the same time; more wait in the system's queue.
    ///   - onBound: called once, when connections are taken, with the address that the system gave.
    public init(
        operations: any Operations, listen: ListenPlan, secrets: any SecretStore, version: String, logger: Logger,
        connectionLimit: Int = 256,
        onBound: (@Sendable (_ host: String, _ port: Int) async -> Void)?
    ) {
        self.operations = operations
        self.listen = listen
        self.secrets = secrets
        self.version = version
        self.logger = logger
        self.connectionLimit = min(connectionLimit, ConsoleServer.connectionLimit)
        self.onBound = onBound
    }

    /// Returns after a graceful shutdown or a cancellation; connections that wait for a next request do not delay it.
    ///
    /// - Throws: ``ConsoleError/cannotListen(address:reason:)``.
    public func run() async throws {
        let address = "\(host.contains(":") ? "[\(host)]" : host):\(listen.port)"
        guard (0...65_535).contains(listen.port), !host.isEmpty else {
            throw ConsoleError.cannotListen(
                address: address, reason: "an address is host:port with a port of 0 to 65535")
        }
        warnIfOpen(address)
        let application = application()
        do {
            try await ConsoleServer.bounded { try await application.run() }
        } catch {
            // A cancelled group may say so in more than one way.
            guard !Task.isCancelled, !(error is CancellationError) else { return }
            throw ConsoleError(binding: address, failure: error)
        }
    }

    /// Without brackets around an IPv6 address.
    private var host: String {
        listen.host.hasPrefix("[") && listen.host.hasSuffix("]")
            ? String(listen.host.dropFirst().dropLast()) : listen.host
    }

    private func application() -> Application<ConsoleResponder> {
        let (host, port, onBound) = (host, listen.port, onBound)
        return Application(
            responder: ConsoleResponder(
                endpoints: Endpoints(operations: operations, version: version),
                callers: CallerGuard(listen: listen, secrets: secrets)),
            server: .http1(
                configuration: .init(
                    idleTimeout: .seconds(ConsoleServer.idleSeconds),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: ConsoleServer.headerLimitBytes,
                        maxHeaderListSize: ConsoleServer.headerLimitBytes, maxHeaderFieldCount: 100))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(connectionLimit)),
            onServerRunning: { channel in
                let bound = channel.localAddress
                await onBound?(bound?.ipAddress ?? host, bound?.port ?? port)
            },
            logger: quiet)
    }

    /// The framework's own lines say nothing to an operator; its warnings do.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    private func warnIfOpen(_ address: String) {
        guard listen.token == nil, host != "localhost", !NetworkName.isLoopback(address: host) else { return }
        logger.warning(
            "listening on \(address) without a token: everybody who gets there can look, and only calls from this machine can change something; set a token in `listen`"
        )
    }

    /// Runs the server, and cancels it when calls in flight outlast the grace after a graceful shutdown.
    private static func bounded(_ serve: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serve() }
            group.addTask {
                try await gracefulShutdown()
                try await Task.sleep(for: shutdownGrace)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
