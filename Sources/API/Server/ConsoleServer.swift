import Foundation
import HTTPServing
import Hummingbird
import HummingbirdCore
package import Logging
package import Model
import NIOCore
package import Ports
import ServiceLifecycle
import Support

/// Serves the HTTP API, the metrics and the health checks on one address until it is stopped.
package struct ConsoleServer: Service {
    /// At most, whatever is allowed; more wait in the system's queue.
    static let connectionLimit = 256
    /// On the unix socket, beside those.
    static let socketConnectionLimit = 16
    static let idleSeconds: Int64 = 30
    /// How long calls in flight may take after a graceful shutdown; then their connections are cut.
    static let shutdownGrace: Duration = .seconds(5)

    private let operations: any Operations
    private let listen: ListenPlan
    private let certificate: ServerCertificate?
    private let socketPath: String?
    private let secrets: any SecretStore
    private let version: String
    private let logger: Logger
    private let connectionLimit: Int
    private let endpoints: Endpoints
    private let onBound: (@Sendable (_ host: String, _ port: Int) async -> Void)?

    /// - Parameters:
    ///   - listen: port 0 asks the system for a free one.
    ///   - certificate: that of `listen.tls`, when another part reads it again; unless given, it is read by ``run()``.
    ///   - socketPath: where to listen on a unix socket too, for this user alone; in a folder that others cannot enter.
    ///     A file that is there is removed. Nil for none.
    ///   - stateFolder: where the plots of incidents and the key of reports are kept; nil for nowhere.
    ///   - secrets: asked for the token at each call that needs it, so that a rotated one is taken up.
    ///   - connectionLimit: connections at the same time; more wait in the system's queue.
    ///   - onBound: called once, when connections are taken, with the address that the system gave.
    package init(
        operations: any Operations, listen: ListenPlan, certificate: ServerCertificate? = nil,
        socketPath: String? = nil, stateFolder: String? = nil,
        secrets: any SecretStore, version: String, logger: Logger, connectionLimit: Int = 256,
        onBound: (@Sendable (_ host: String, _ port: Int) async -> Void)?
    ) {
        self.operations = operations
        self.listen = listen
        self.certificate = certificate
        self.socketPath = socketPath.flatMap { UnixSocketFile.problem($0) == nil ? $0 : nil }
        if let path = socketPath, let problem = UnixSocketFile.problem(path) {
            logger.warning("the API has no unix socket: \(problem)")
        }
        self.secrets = secrets
        self.version = version
        self.logger = logger
        self.connectionLimit = min(connectionLimit, ConsoleServer.connectionLimit)
        endpoints = Endpoints(
            operations: operations, version: version,
            book: HistoryBook(plots: stateFolder.map { IncidentPlots(folder: "\($0)/\(IncidentPlots.folderName)") }),
            streams: StreamDocuments(operations: operations, version: version),
            reportKey: ReportKey(folder: stateFolder))
        self.onBound = onBound
    }

    /// Returns after a graceful shutdown or a cancellation; connections that wait for a next request do not delay it.
    ///
    /// - Throws: ``ConsoleError``.
    package func run() async throws {
        let address = "\(host.contains(":") ? "[\(host)]" : host):\(listen.port)"
        guard (0...65_535).contains(listen.port), !host.isEmpty else {
            throw ConsoleError.cannotListen(
                address: address, reason: "an address is host:port with a port of 0 to 65535")
        }
        warnIfOpen(address)
        let server = application(try certificate ?? ServerCertificate.of(listen))
        do {
            try await ConsoleServer.bounded { [self] in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await server.run() }
                    if let socketPath { group.addTask { await serve(socketPath) } }
                    let recording = Task { await endpoints.book.record(operations) }
                    defer { recording.cancel() }
                    // The first failure ends the other listener too.
                    for try await _ in group {}
                }
            }
        } catch {
            // A cancelled group may say so in more than one way.
            guard !Task.isCancelled, !(error is CancellationError) else { return }
            throw ConsoleError(binding: address, failure: error)
        }
    }

    /// Serves the unix socket. Without it the daemon does its work all the same, so a failure is a warning.
    private func serve(_ path: String) async {
        UnixSocketFile.remove(path)
        let server = socketApplication(path)
        do { try await server.run() } catch {
            guard !Task.isCancelled, !(error is CancellationError) else { return }
            logger.warning("the API's unix socket \(path) cannot be served: \(error)")
        }
        UnixSocketFile.remove(path)
    }

    /// Without brackets around an IPv6 address.
    private var host: String {
        listen.host.hasPrefix("[") && listen.host.hasSuffix("]")
            ? String(listen.host.dropFirst().dropLast()) : listen.host
    }

    private func application(_ certificate: ServerCertificate?) -> Application<RouterResponder<ConsoleContext>> {
        let (host, port, onBound) = (host, listen.port, onBound)
        return Application(
            responder: responder(isOnSocket: false), server: ConsoleServer.server(certificate),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(connectionLimit)),
            onServerRunning: { channel in
                let bound = channel.localAddress
                await onBound?(bound?.ipAddress ?? host, bound?.port ?? port)
            },
            logger: quiet)
    }

    private func socketApplication(_ path: String) -> Application<RouterResponder<ConsoleContext>> {
        Application(
            responder: responder(isOnSocket: true), server: ConsoleServer.server(nil),
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: path),
                availableConnectionsDelegate: MaximumAvailableConnections(ConsoleServer.socketConnectionLimit)),
            onServerRunning: { [logger] _ in
                guard let problem = UnixSocketFile.close(path) else { return }
                logger.warning("the rights of \(path) cannot be set: \(problem)")
            },
            logger: quiet)
    }

    /// HTTP/1.1, over TLS where there is a certificate.
    private static func server(_ certificate: ServerCertificate?) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            let plain = TargetHostChannel(base: HTTP1Channel(responder: responder, configuration: connections))
            guard let certificate else { return plain }
            return TLSChannel(base: plain, certificate: certificate)
        }
    }

    private func responder(isOnSocket: Bool) -> RouterResponder<ConsoleContext> {
        let callers = CallerGuard(
            listen: listen, secrets: secrets, socketPath: socketPath, machineName: ProcessInfo.processInfo.hostName)
        return ConsoleRouter(
            endpoints: endpoints,
            callers: ListenerCallers(callers: callers, isOnSocket: isOnSocket, isSecure: listen.tls != nil)
        ).responder()
    }

    private static var connections: HTTP1Channel.Configuration {
        ServerLimits.http1(idleTimeout: .seconds(idleSeconds))
    }

    /// The framework's own lines say nothing to an operator; its warnings do.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    private func warnIfOpen(_ address: String) {
        guard host != "localhost", !NetworkName.isLoopback(address: host) else { return }
        guard !listen.asksForToken else {
            guard listen.tls == nil else { return }
            return logger.warning(
                "listening on \(address) with a token but without TLS: the token can be read on the network; add `tls` to `listen`, or listen on loopback behind a proxy that speaks TLS"
            )
        }
        logger.warning(
            "listening on \(address) without a token: every client that reaches it can read; set a token in `listen` to allow changes to clients that have it"
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
