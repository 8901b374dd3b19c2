import ArgumentParser
import Daemon
import Declarations
import Logging
import ReferenceRouter
import SystemSupport
import UnixSignals

/// The reference router by itself.
struct RouterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "router",
        abstract: "Run the gray router: splits traffic by user, by region or at random.",
        discussion: """
            A small reverse proxy with an admin API that the watchdog (or curl) calls.
            Its configuration is a JSON file; its split survives a restart. SIGHUP reloads
            the configuration (everything or nothing), SIGTERM and SIGINT end it.
            docs/reference/gray-router.md describes both.

              rollguard router --config router.json
              rollguard router --config router.json --centre rollguard.yaml --policy checkout
              curl http://127.0.0.1:9412/api/v1/split
            """)

    @Option(help: "The router's configuration, JSON.")
    var config: String

    @Option(
        help: ArgumentHelp(
            "Follow this policy of a configuration centre: its share and its strategy.",
            discussion: "The keys policy/NAME/share and policy/NAME/strategy.json of the centre that --centre names."))
    var policy: String?

    @Option(help: "A rollguard.yaml whose `centre` holds the policy.", completion: .file(extensions: ["yaml", "yml"]))
    var centre: String?

    @OptionGroup var log: LogChoice

    func validate() throws {
        if (policy == nil) != (centre == nil) { throw ValidationError("--policy and --centre belong together") }
        if let policy, !NameRules.isIdentifier(policy) {
            throw ValidationError("--policy takes letters, digits, '-', '_' and '.', beginning with a letter or digit")
        }
    }

    func run() async throws {
        let logger = try log.logger()
        let router: GrayRouter
        do {
            let configuration = try GrayRouterConfiguration.load(path: config)
            let room = try Self.room(configuration, logger)
            router = try GrayRouter(configuration: configuration, room: room) { logger.warning("\($0)") }
        } catch let error as TooFewOpenFiles {
            throw Failure.unreachable("error: \(error)")
        } catch {
            throw Failure.no("error: \(error)")
        }
        let path = config
        let follower = try centre.flatMap { file in
            try policy.map { try PolicyFollower(router: router, path: file, name: $0, logger: logger) }
        }
        let interrupted: ExitCode?
        do {
            interrupted = try await Interruption.watch(endsOnHangup: false) {
                let addresses = try await router.start()
                logger.info("traffic on \(addresses.data), admin API on \(addresses.admin)")
                await withTaskGroup { group in
                    if let follower { group.addTask { await follower.run() } }
                    group.addTask { await Self.reloadOnSignal(router, path: path, logger: logger) }
                }
                await router.stop(graceMs: Self.graceMs)
            }
        } catch let failure as GrayRouterError {
            throw Failure.unreachable("\(failure)")
        }
        if let interrupted { throw interrupted }
    }

    /// How long requests in flight may take to end after SIGTERM: the process ends within a second.
    private static let graceMs: Int64 = 600

    /// Clients are taken only as far as there are open files for them, so that the admin port and the state file always have
    /// theirs.
    private static func room(_ configuration: GrayRouterConfiguration, _ logger: Logger) throws -> GrayRouterRoom {
        let files = OpenFiles.raised()
        let share = try files.proxyShare(servers: configuration.baseline.count + configuration.canary.count)
        if share.clients < GrayRouter.clientLimit {
            logger.warning(
                """
                the limit of open files is \(files.limit), which is enough for \(share.clients) of at most \
                \(GrayRouter.clientLimit) clients at once; raise it with `ulimit -n`, or `LimitNOFILE=` in the systemd unit
                """)
        }
        return GrayRouterRoom(clients: share.clients, idleConnections: share.idleConnections)
    }

    /// Until it is cancelled.
    private static func reloadOnSignal(_ router: GrayRouter, path: String, logger: Logger) async {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        if EarlySignals.takePending() { await reload(router, path: path, logger: logger) }
        for await _ in signals { await reload(router, path: path, logger: logger) }
    }

    private static func reload(_ router: GrayRouter, path: String, logger: Logger) async {
        do {
            let changed = try await router.reload(try GrayRouterConfiguration.load(path: path))
            let what = changed.isEmpty ? "nothing has changed" : "changed: \(changed.joined(separator: ", "))"
            logger.info("configuration reloaded: \(what)")
        } catch {
            logger.error("the configuration was not reloaded, the old one stays in force:\n\(error)")
        }
    }
}
