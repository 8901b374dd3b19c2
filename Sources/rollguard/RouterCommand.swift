import ArgumentParser
import GrayRouter
import Logging
import ServiceLifecycle

/// The reference router by itself.
struct Router: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the gray router: splits traffic by user, by region or at random.",
        discussion: """
            A small reverse proxy with an admin API that the watchdog (or curl) calls.
            Its configuration is a JSON file; its split survives a restart.
            docs/reference/gray-router.md describes both.

              rollguard router --config router.json
              curl http://127.0.0.1:9412/api/v1/split
            """)

    @Option(help: "The router's configuration, JSON.")
    var config: String

    @Option(help: "trace, debug, info, warning or error.")
    var logLevel = "info"

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw Failure.usage("error: unknown log level '\(logLevel)'; it is trace, debug, info, warning or error")
        }
        let logger = DaemonLog.make(level: level)
        let router: GrayRouter
        do { router = try GrayRouter(configuration: try GrayRouterConfiguration.load(path: config)) } catch {
            throw Failure.no("error: \(error)")
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: Running(router: router, logger: logger))],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do { try await group.run() } catch let failure as GrayRouterError {
            throw Failure.unreachable("error: \(failure)")
        }
    }

    /// From start to stop.
    private struct Running: Service {
        let router: GrayRouter
        let logger: Logger

        func run() async throws {
            let addresses = try await router.start()
            logger.info("traffic on \(addresses.data), admin API on \(addresses.admin)")
            try? await gracefulShutdown()
            await router.stop()
        }
    }
}
