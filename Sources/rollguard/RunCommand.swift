import ArgumentParser
import Daemon
import Foundation
import Ledger
import Logging
import ReleaseKernel

/// The daemon.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the watchdog until it is told to stop.",
        discussion: """
            Reads the configuration, restores what it knew from its journal, and
            watches. SIGHUP reloads the configuration (everything or nothing), SIGTERM
            and SIGINT end it.

              rollguard run --config rollguard.yaml
              rollguard run --config rollguard.yaml --dry-run   # never moves traffic
            """)

    @Option(help: "The configuration file.")
    var config: String

    @Flag(help: "Do everything but the router call, and log the calls that would have been made.")
    var dryRun = false

    @Option(help: "trace, debug, info, warning or error.")
    var logLevel = "info"

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw Failure.usage("error: unknown log level '\(logLevel)'; it is trace, debug, info, warning or error")
        }
        let logger = DaemonLog.make(level: level)
        var options = Daemon.Options(
            version: Rollguard.version, isDryRun: dryRun,
            onListening: { host, port in logger.info("the API listens on \(host):\(port)") },
            dieAfterSequence: TestHooks.dieAfterSequence, endAfterMs: TestHooks.endAfterMs)
        options.takePendingReload = EarlySignals.takePending
        do {
            try await Daemon(source: ConfigurationFile(path: config), options: options, logger: logger).run()
        } catch let mistakes as PlanMistakes {
            throw Failure.no("\(mistakes)")
        } catch is CancellationError {
            return
        } catch {
            throw Failure.unreachable("error: \(error)")
        }
    }
}
