import API
import Centres
import FlagServing
import HTTPClient
import JournalStore
package import Logging
import Model
import Ports
import SourceCalls
package import SystemSupport
import UnixSignals

/// The daemon as a process: its parts (``DaemonParts``) on the machine's clocks, files and connections, its API and its
/// signals.
package struct Daemon: Sendable {
    package struct Options: Sendable {
        package var version: String
        /// The commit of the build, for the metrics; empty where it is not known.
        package var commit = ""
        /// Where the plan comes from, for the log.
        package var sourceName = ""
        /// Who started the process and wants to be notified.
        package var serviceManager: ServiceManager?
        /// Decide and notify, but never call a router's `apply`.
        package var isDryRun: Bool
        /// Seeds the retries' jitter.
        package var seed: UInt64
        /// Called when the API listens.
        package var onListening: (@Sendable (_ host: String, _ port: Int) async -> Void)?
        /// Test hook: the process kills itself as soon as this journal sequence is durable, before anything follows
        /// from it.
        package var dieAfterSequence: UInt64?
        /// Test hook: one of the services returns after so many milliseconds, as a defect would make it.
        package var endAfterMs: Int64?
        /// Stop on SIGTERM and SIGINT, reload on SIGHUP. False where the daemon is a part of another program.
        package var handlesSignals = true
        /// The one who starts the daemon asks for `changes: loopback`; the plan says whether it holds. For the log
        /// alone.
        package var asksForLoopbackChanges = false
        /// Whether a SIGHUP came before the daemon was able to reload; asked once.
        package var takePendingReload: @Sendable () -> Bool = { false }

        package init(
            version: String, isDryRun: Bool = false, seed: UInt64 = .random(in: .min ... .max),
            onListening: (@Sendable (String, Int) async -> Void)? = nil, dieAfterSequence: UInt64? = nil,
            endAfterMs: Int64? = nil
        ) {
            self.version = version
            self.isDryRun = isDryRun
            self.seed = seed
            self.onListening = onListening
            self.dieAfterSequence = dieAfterSequence
            self.endAfterMs = endAfterMs
        }

        fileprivate var ofParts: DaemonParts.Options {
            DaemonParts.Options(
                version: version, commit: commit, serviceManager: serviceManager, isDryRun: isDryRun, seed: seed,
                dieAfterSequence: dieAfterSequence,
                endAfterMs: endAfterMs)
        }
    }

    private let source: any PlanSource
    private let options: Options
    private let logger: Logger

    package init(source: any PlanSource, options: Options, logger: Logger) {
        self.source = source
        self.options = options
        self.logger = logger
    }

    /// Runs until SIGTERM, SIGINT or cancellation.
    ///
    /// - Throws: ``InvalidConfiguration``, `JournalError`, `ConsoleError`: what kept it from starting.
    package func run() async throws {
        AllocatorSettings.addNoArenas()
        let files = OpenFiles.raised()
        try files.requireEnough()
        var plan = try source.load()
        let secrets = KnownSecrets(SystemSecretStore())
        secrets.remember(addressesOf: plan)
        let logger = safe(logger, secrets)
        for remark in plan.remarks { logger.warning("\(remark)") }
        warnOfLoopbackChanges(plan.daemon.listen, logger)
        let certificate = try ServerCertificate.of(plan.daemon.listen)
        for warning in certificate?.warnings ?? [] { logger.warning("\(warning)") }
        var environment = DaemonEnvironment(
            clock: SystemClock(), journals: SQLiteJournalFiles(),
            network: Transports(version: options.version, secrets: secrets, files: files), secrets: secrets,
            files: files, logger: logger)
        environment.hostNames = SystemHostNames()
        let link = try await link(plan, environment)
        if let link { plan = link.start.plan }
        secrets.remember(addressesOf: plan)
        var partOptions = options.ofParts
        partOptions.keyDirectory = options.isDryRun ? nil : plan.daemon.stateDirectory
        let parts = try await DaemonParts(
            plan: plan, source: source, options: partOptions, environment: environment, certificate: certificate,
            link: link)
        logger.info("\(startLine(plan))")
        do {
            try await parts.run(
                beside: others(parts, plan, environment, certificate),
                stoppingOn: options.handlesSignals ? [.sigterm, .sigint] : [])
        } catch {
            logger.error("stopped: \(error)")
            throw error
        }
        logger.info("stopped")
    }

    /// Nil without a configuration centre.
    private func link(_ plan: Plan, _ environment: DaemonEnvironment) async throws -> CentreLink? {
        guard let wanted = plan.centre else { return nil }
        let setup = CallSetup(
            transport: environment.network.discoveryCalls, secrets: environment.secrets, clock: environment.clock)
        guard let centre = CentreKinds.centre(wanted, setup) else { return nil }
        let store = CentreStore(stateDirectory: plan.daemon.stateDirectory)
        let start = CentreStart(
            centre: centre, waitMs: wanted.startupWaitMs, store: store, source: source, clock: environment.clock,
            logger: environment.logger)
        return CentreLink(
            centre: centre, store: store, start: try await start.outcome(local: plan),
            policy: { CentreKinds.policy(wanted, name: $0, setup) }, shares: options.isDryRun ? nil : store)
    }

    /// `rollguard 0.2.0 (36e83c88) starts: 2 releases (checkout, search), 7 targets, from rollguard.yaml, state in …`.
    private func startLine(_ plan: Plan) -> String {
        let targets = plan.releases.reduce(0) { $0 + $1.baseline.targets.count + $1.canary.targets.count }
        let names = plan.releases.prefix(10).map(\.name) + (plan.releases.count > 10 ? ["..."] : [])
        let version = options.version + (options.commit.isEmpty ? "" : " (\(options.commit))")
        let source = options.sourceName.isEmpty ? "" : ", from \(options.sourceName)"
        return "rollguard \(version) starts\(options.isDryRun ? " a dry run" : ""): \(plan.releases.count) "
            + "release\(plan.releases.count == 1 ? "" : "s") (\(names.joined(separator: ", "))), \(targets) targets\(source), state in "
            + plan.daemon.stateDirectory
    }

    /// What belongs to the process and not to its work.
    private func others(
        _ parts: DaemonParts, _ plan: Plan, _ environment: DaemonEnvironment, _ certificate: ServerCertificate?
    ) -> [EndlessService] {
        let manager = options.serviceManager
        let onListening = options.onListening
        let console = ConsoleServer(
            operations: parts.operations, listen: plan.daemon.listen, certificate: certificate,
            socketPath: SQLiteJournal.path(of: UnixSocketFile.name, in: plan.daemon.stateDirectory),
            stateFolder: plan.daemon.stateDirectory,
            secrets: environment.secrets, version: options.version, logger: environment.logger,
            connectionLimit: environment.files.outsideConnections,
            onBound: { host, port in
                await onListening?(host, port)
                manager?.ready(status: Reloader.status(plan))
            })
        var services = [EndlessService("API", console)]
        if let flags = plan.flags {
            let server = FlagServer(flags, clock: environment.clock, logger: environment.logger)
            services.append(EndlessService("flags", environment.clock) { try await server.run() })
        }
        if let manager { services.append(signsOfLife(manager, parts, environment.clock)) }
        guard options.handlesSignals else { return services }
        let reload = ReloadOnSignal(reloader: parts.reloader, takePending: options.takePendingReload)
        return services + [EndlessService("reload on SIGHUP", reload)]
    }

    /// Notifies the service manager as long as the actor that decides answers; a process that hangs is restarted.
    private func signsOfLife(
        _ manager: ServiceManager, _ parts: DaemonParts, _ clock: any DaemonClock
    ) -> EndlessService {
        let everyMs = manager.watchdogMs.map { max(1, $0 / 3) } ?? 3_600_000
        return EndlessService("signs of life", clock) {
            do {
                while true {
                    try await clock.sleep(ms: everyMs)
                    await parts.answers()
                    manager.isAlive()
                }
            } catch {
                manager.stopping()
                throw error
            }
        }
    }

    private func safe(_ logger: Logger, _ secrets: KnownSecrets) -> Logger {
        var safe = logger
        safe.handler = SafeLogHandler(logger.handler, secrets: secrets)
        return safe
    }

    private func warnOfLoopbackChanges(_ listen: ListenPlan, _ logger: Logger) {
        if listen.allowsLoopbackChanges {
            logger.warning(
                "calls that change something are taken from loopback addresses without a token: every user and every proxy on this machine can roll back"
            )
        } else if options.asksForLoopbackChanges {
            logger.warning(
                "--allow-loopback-changes has no effect: `listen` has a token or `changes`, which decides who may change something"
            )
        }
    }
}
