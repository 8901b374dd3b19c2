import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Where a router listens, each as `host:port`.
package struct GrayRouterAddresses: Sendable, Equatable {
    /// For clients.
    package let data: String
    /// For the admin API, `/metrics` and `/-/healthy`.
    package let admin: String
}

/// How many connections a router may hold open. Each is an open file, of which a process has a limited number.
package struct GrayRouterRoom: Sendable {
    /// Client connections at the same time; more are closed as they come.
    package let clients: Int
    /// Connections to servers that wait for their next request.
    package let idleConnections: Int

    /// More than ``GrayRouter/clientLimit`` clients are never taken.
    package init(clients: Int = GrayRouter.clientLimit, idleConnections: Int = .max) {
        self.clients = min(clients, GrayRouter.clientLimit)
        self.idleConnections = idleConnections
    }
}

/// A streaming HTTP/1.1 reverse proxy that splits traffic between a baseline and a canary version, with an admin API to
/// read and set the split.
package final class GrayRouter: Sendable {
    private enum Phase: Sendable {
        case ready
        case starting
        case running(Running)
        case stopped
    }

    /// What a running router holds.
    struct Running: Sendable {
        let listeners: [any Channel]
        let connections: Connections
        let pools: [NIOLoopBound<UpstreamPool>]
        let healthCheck: HealthCheck
        /// Holds the lock on the state file.
        let store: SplitStore
        let shared: ProxyShared
        let configuration: CurrentConfiguration
    }

    /// Client connections at the same time; more are closed as they come.
    package static let clientLimit = ProxyLimits.clientConnections
    /// What it starts with; a reload may put another one in force.
    let configuration: GrayRouterConfiguration
    let group = MultiThreadedEventLoopGroup.singleton
    private let phase = Mutex(Phase.ready)
    let room: GrayRouterRoom
    let report: @Sendable (String) -> Void

    /// Checks the configuration; opens nothing yet.
    ///
    /// - Parameters:
    ///   - room: how many connections it may hold open.
    ///   - report: gets a line for the log when clients are turned away.
    package init(
        configuration: GrayRouterConfiguration, room: GrayRouterRoom = GrayRouterRoom(),
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(GrayRouterError) {
        let errors = configuration.errors
        guard errors.isEmpty else { throw .configurationInvalid(path: nil, errors: errors) }
        self.configuration = configuration
        self.room = room
        self.report = report
    }

    /// Loads the saved split (or saves the first one), tries each server once, and then listens. When it returns, the
    /// split in force is the saved one. Throws `GrayRouterError`.
    package func start() async throws -> GrayRouterAddresses {
        let isFirst = phase.withLock { phase in
            guard case .ready = phase else { return false }
            phase = .starting
            return true
        }
        guard isFirst else { throw GrayRouterError.startedAlready }
        do {
            let (running, addresses) = try await assemble()
            let isWanted = phase.withLock { phase in
                guard case .starting = phase else { return false }
                phase = .running(running)
                return true
            }
            // stop() came meanwhile.
            if !isWanted { await close(running, grace: .zero) }
            return addresses
        } catch {
            phase.withLock { $0 = .stopped }
            throw error
        }
    }

    /// Nil while it does not run.
    var runningNow: Running? {
        phase.withLock { phase in
            if case .running(let running) = phase { return running }
            return nil
        }
    }

    /// Listens no more, lets requests in flight end (`graceMs` at most), closes everything and gives the state file free.
    /// May be called more than once.
    package func stop(graceMs: Int64 = 5_000) async {
        let running = phase.withLock { phase -> Running? in
            defer { phase = .stopped }
            if case .running(let running) = phase { return running }
            return nil
        }
        if let running { await close(running, grace: .milliseconds(graceMs)) }
    }

    private func close(_ running: Running, grace: TimeAmount) async {
        for listener in running.listeners { try? await listener.close().get() }
        running.healthCheck.stop()
        await running.connections.close(grace: grace, on: group.any())
        for pool in running.pools {
            try? await pool.eventLoop.submit { pool.value.close() }.get()
        }
        let store = running.store
        try? await NIOThreadPool.singleton.runIfActive { store.close() }
    }

    // MARK: starting

    private func assemble() async throws -> (Running, GrayRouterAddresses) {
        let configuration = configuration
        let token = configuration.tokenFile.map { AdminToken(path: $0) }
        let store = try await NIOThreadPool.singleton.runIfActive {
            _ = try token?.read()
            return try SplitStore(
                path: configuration.stateFile, initialCanaryBasisPoints: configuration.initialCanaryBasisPoints)
        }
        let metrics = RouterMetrics()
        let settings = ProxySettings(configuration, metrics: metrics)
        let shared = ProxyShared(settings, split: store.split, metrics: metrics)
        let healthCheck = HealthCheck(
            backends: settings.backends, connectTimeoutMs: configuration.connectTimeoutMs, loop: group.any())
        await healthCheck.start()
        let connections = Connections()
        let pools = try await makePools()
        do {
            let api = AdminAPI(store: store, metrics: metrics) { shared.settings }
            let admin = try await listenForAdmin(api: api, connections: connections)
            let data: any Channel
            do {
                data = try await listenForClients(shared: shared, pools: pools, connections: connections)
            } catch {
                try? await admin.close().get()
                throw error
            }
            let running = Running(
                listeners: [data, admin], connections: connections, pools: Array(pools.values),
                healthCheck: healthCheck, store: store, shared: shared,
                configuration: CurrentConfiguration(configuration))
            return (running, GrayRouterAddresses(data: Self.text(data), admin: Self.text(admin)))
        } catch {
            healthCheck.stop()
            throw error
        }
    }
}
