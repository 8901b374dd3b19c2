import ArgumentParser
import Daemon
import Foundation
import JournalStore
import Logging
import SystemSupport

/// The daemon.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the watchdog until it is stopped.",
        discussion: """
            Reads the configuration, restores what it knew from its journal, and
            watches. SIGHUP reloads the configuration (everything or nothing), SIGTERM
            and SIGINT end it.

              rollguard run --config rollguard.yaml
              rollguard run --config rollguard.yaml --dry-run   # never moves traffic

            A dry run reads the journal and writes its own to the folder `dry-run` in
            the state folder, which the next dry run empties.
            """)

    @Option(
        help: "The configuration file. [default: rollguard.yaml, /etc/rollguard/rollguard.yaml]",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Flag(help: "Do everything but the router call, and log the calls that would have been made.")
    var dryRun = false

    @Flag(
        help: ArgumentHelp(
            "Take calls that change something from loopback addresses without a token.",
            discussion: """
                Means `listen: {changes: loopback}` where the configuration has neither a
                token nor `changes`. So does the environment variable
                ROLLGUARD_ALLOW_LOOPBACK_CHANGES=1.
                """))
    var allowLoopbackChanges = false

    @OptionGroup var log: LogChoice

    func run() async throws {
        let logger = try log.logger()
        let allowsLoopbackChanges = try LoopbackChanges.isAllowed(byFlag: allowLoopbackChanges)
        let path = try DefaultPaths.configuration(config)
        var options = Daemon.Options(
            version: Rollguard.version, isDryRun: dryRun,
            onListening: { host, port in logger.info("the API listens on \(host):\(port)") },
            dieAfterSequence: TestHooks.dieAfterSequence, endAfterMs: TestHooks.endAfterMs)
        options.commit = BuildStamp.commit ?? ""
        options.sourceName = path
        options.serviceManager = ServiceManager.current
        options.asksForLoopbackChanges = allowsLoopbackChanges
        options.takePendingReload = EarlySignals.takePending
        do {
            let source = ConfigurationFile(path: path, allowsLoopbackChanges: allowsLoopbackChanges)
            StartChecks.log(try source.load(), logger)
            try await Daemon(source: source, options: options, logger: logger).run()
        } catch let invalid as InvalidConfiguration {
            throw Failure.no("\(invalid)")
        } catch is CancellationError {
            return
        } catch {
            throw Failure.unreachable("error: \(error)")
        }
    }
}

/// Whether the one who starts the daemon asks for `changes: loopback`.
enum LoopbackChanges {
    static let variable = "ROLLGUARD_ALLOW_LOOPBACK_CHANGES"

    /// - Throws: a usage error for a value of the variable that is neither 1 nor 0.
    static func isAllowed(
        byFlag flag: Bool, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> Bool {
        switch environment[variable] {
        case nil, "", "0": return flag
        case "1": return true
        case .some: throw Failure.usage("error: the environment variable \(variable) is 1 or 0")
        }
    }
}
