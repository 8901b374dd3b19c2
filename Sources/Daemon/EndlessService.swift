import ServiceLifecycle

/// A part of the daemon that runs until the daemon is stopped.
///
/// A `ServiceGroup` ends all of its services as soon as one of them returns. So a piece of one-off work that is registered
/// as a service ends the whole daemon when it is done. Every service of the daemon is wrapped in this type: one that
/// returns before shutdown, or fails, becomes an ``EndedService`` that says which one it was and why.
struct EndlessService: Service {
    let name: String
    private let body: @Sendable () async throws -> Void

    /// - Parameters:
    ///   - name: for the error, as an operator would say it.
    ///   - service: reacts to graceful shutdown by itself.
    init(_ name: String, _ service: some Service) {
        self.name = name
        body = { try await service.run() }
    }

    /// - Parameter loop: is cancelled when the daemon is stopped.
    init(_ name: String, loop: @escaping @Sendable () async throws -> Void) {
        self.name = name
        body = { try await cancelWhenGracefulShutdown { try await loop() } }
    }

    func run() async throws {
        do { try await body() } catch {
            if isStopping { return }
            throw EndedService(name: name, reason: "\(error)")
        }
        if !isStopping { throw EndedService(name: name, reason: "it returned although it had not been stopped") }
    }

    private var isStopping: Bool { Task.isCancelled || Task.isShuttingDownGracefully }
}

/// A service ended while the daemon was meant to run. Nothing can replace it, so the daemon ends with it, and a
/// supervisor restarts it.
struct EndedService: Error, CustomStringConvertible {
    let name: String
    let reason: String

    var description: String { "the daemon stops because its \(name) ended: \(reason)" }
}
