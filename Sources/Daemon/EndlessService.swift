import Ports
import ServiceLifecycle

/// A part of the daemon that runs until the daemon is stopped.
///
/// A `ServiceGroup` ends all of its services as soon as one of them returns. So a piece of one-off work that is
/// registered as a service ends the whole daemon when it is done. Every service of the daemon is wrapped in this
/// type: one that returns before shutdown, or fails, becomes an ``EndedService`` that says which one it was and why.
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

    /// - Parameters:
    ///   - clock: the loop runs as a task of this clock's executor.
    ///   - loop: is cancelled when the daemon is stopped.
    init(_ name: String, _ clock: any DaemonClock, loop: @escaping @Sendable () async throws -> Void) {
        self.name = name
        // ServiceLifecycle's own function of this kind leaves the task's executor to notice a shutdown.
        body = {
            let task = Task(executorPreference: clock.taskExecutor) { try await loop() }
            try await withTaskCancellationHandler {
                try await withGracefulShutdownHandler {
                    try await task.value
                } onGracefulShutdown: {
                    task.cancel()
                }
            } onCancel: {
                task.cancel()
            }
        }
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
