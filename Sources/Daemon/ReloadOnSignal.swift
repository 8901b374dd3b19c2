import ServiceLifecycle
import UnixSignals

/// SIGHUP reloads the configuration, as daemons do.
struct ReloadOnSignal: Service {
    let reloader: Reloader

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown()
        for await _ in signals { _ = await reloader.reload() }
    }
}
