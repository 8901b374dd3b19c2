import ServiceLifecycle
import UnixSignals

/// SIGHUP reloads the configuration, as daemons do.
struct ReloadOnSignal: Service {
    let reloader: Reloader
    /// Whether a SIGHUP came before this service ran.
    let takePending: @Sendable () -> Bool

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown()
        if takePending() { _ = await reloader.reload() }
        for await _ in signals { _ = await reloader.reload() }
    }
}
