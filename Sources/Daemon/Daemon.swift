import API
import HTTPClient
import JournalStore
import Kernel
package import Logging
import Model
import Notifications
import Ports
import Routers
import Scraping
import ServiceLifecycle
import SystemSupport

/// The daemon: makes the parts, joins them, runs them until it is stopped.
///
///     scrapes -> Watchdog (the kernel) -> journal, routers
///                        ^  answers  <----------'
package struct Daemon: Sendable {
    package struct Options: Sendable {
        package var version: String
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
        /// The one who starts the daemon asks for `changes: loopback`; the plan says whether it holds. For the log alone.
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
    }

    private let source: any PlanSource
    private let options: Options
    private let logger: Logger

    package init(source: any PlanSource, options: Options, logger: Logger) {
        self.source = source
        self.options = options
        self.logger = logger
    }

    /// Runs until SIGTERM, SIGINT or cancellation. Long because it is the wiring and nothing else.
    ///
    /// - Throws: ``InvalidConfiguration``, `JournalError`, `ConsoleError`: what kept it from starting.
    package func run() async throws {
        AllocatorSettings.addNoArenas()
        let files = OpenFiles.raised()
        try files.requireEnough()
        let plan = try source.load()
        let clock = SystemClock()
        let meter = KernelMeter(version: options.version, clock: clock)
        let secrets = KnownSecrets(SystemSecretStore())
        secrets.remember(addressesOf: plan)
        let logger = safe(logger, secrets)
        for remark in plan.remarks { logger.warning("\(remark)") }
        warnOfLoopbackChanges(plan.daemon.listen, logger)
        let certificate = try ServerCertificate.of(plan.daemon.listen)
        for warning in certificate?.warnings ?? [] { logger.warning("\(warning)") }
        let transports = Transports(version: options.version, secrets: secrets, files: files)
        let journal = try await openJournal(plan.daemon.stateDirectory, clock)
        for note in journal.folderNotes { logger.warning("\(note)") }
        let parts = PartsFactory(
            routerCalls: transports.routerCalls, deliveries: transports.deliveries, secrets: secrets, clock: clock)

        let writer = JournalWriter(
            journal: journal, logger: logger, meter: meter, dieAfterSequence: options.dieAfterSequence,
            onEnqueue: { journal.expect($0) })
        let routers = RouterService(drivers: try parts.drivers(for: plan), logger: logger, meter: meter)
        let records = try await journal.records()
        UnreadableEntries.warn(of: records, logger)
        let kernel = Kernel(
            plan: plan, replaying: records, journalIdentity: journal.identity,
            firstSequence: journal.firstSequence, isDryRun: options.isDryRun, seed: options.seed, at: clock.now)
        let watchdog = Watchdog(
            kernel: kernel, clock: clock, secrets: secrets,
            effects: EffectSink(journal: writer, routers: routers, log: KernelLog(logger: logger), meter: meter))
        let scrapes = ScrapeService(
            lanes: transports.scrapeLanes(), files: files, clock: clock, logger: logger, meter: meter, sink: watchdog)
        let log = KernelLog(logger: logger)
        let outbox = OutboxPump(
            outbox: journal, receivers: parts.receivers(for: plan), plans: plan.receivers,
            clock: { clock.now }, seed: options.seed, standing: { await watchdog.standingAlerts() },
            shown: { secrets.shown($0) }, log: { log.write($0) })
        let reloader = Reloader(
            plan: plan, source: source, parts: parts, watchdog: watchdog, scrapes: scrapes, routers: routers,
            outbox: outbox, certificate: certificate, secrets: secrets, logger: logger, meter: meter)
        let operations = DaemonOperations(
            watchdog: watchdog, desk: SnapshotCache(watchdog: watchdog), journal: journal, pump: outbox, clock: clock,
            logger: logger, reloader: reloader,
            meter: meter)
        let console = ConsoleServer(
            operations: operations, listen: plan.daemon.listen, certificate: certificate,
            socketPath: SQLiteJournal.path(of: UnixSocketFile.name, in: plan.daemon.stateDirectory),
            secrets: secrets, version: options.version, logger: logger, connectionLimit: files.outsideConnections,
            onBound: options.onListening)

        try await scrapes.follow(plan)
        await startDegraded(journal, watchdog, logger)
        await watchdog.send(.tick)
        // Services stop in the reverse order: the journal writes what the others still had to say.
        var services = [
            EndlessService(
                "journal writer", Draining(writer: writer, watchdog: watchdog) { outbox.nudge() }),
            EndlessService("outbox") { await outbox.run() },
            EndlessService("router calls") { await routers.run(watchdog: watchdog) },
            EndlessService("journal recovery") { await recover(journal, watchdog) { outbox.nudge() } },
            EndlessService("pruning") { await prune(journal, clock) { await reloader.journalPlan } },
            EndlessService("API", console),
        ]
        if options.handlesSignals {
            services.append(
                EndlessService(
                    "reload on SIGHUP", ReloadOnSignal(reloader: reloader, takePending: options.takePendingReload)))
        }
        if let endAfterMs = options.endAfterMs {
            services.append(EndlessService("test hook") { try await Task.sleep(for: .milliseconds(endAfterMs)) })
        }
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) },
                gracefulShutdownSignals: options.handlesSignals ? [.sigterm, .sigint] : [], logger: logger))
        do { try await group.run() } catch {
            await tearDown(scrapes, watchdog, transports)
            throw error
        }
        await tearDown(scrapes, watchdog, transports)
    }

    private func openJournal(_ directory: String, _ clock: SystemClock) async throws(JournalError) -> DegradableJournal
    {
        options.isDryRun
            ? try await DegradableJournal.ofDryRun(directory: directory, clock: clock)
            : try await DegradableJournal(directory: directory, clock: clock)
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

    /// Says what a daemon without its disk still does, and what it does not.
    private func startDegraded(_ journal: DegradableJournal, _ watchdog: Watchdog, _ logger: Logger) async {
        guard let problem = journal.problem else { return }
        await watchdog.send(.journalFailing(reason: "\(problem)"))
        let memory =
            journal.isMemoryComplete
            ? "what it holds was read"
            : "what it holds could not be read, so earlier rollbacks are not known (\(journal.readProblem?.description ?? ""))"
        logger.error(
            "starting degraded, without a journal: \(memory); rollbacks are done after `journal.grace`, notifications are sent from memory and are lost when the process ends; the journal is tried again every 5 s"
        )
    }

    /// Opens a journal that could not be opened, and writes what became of notifications meanwhile. Notices a file that was
    /// removed, also while there is nothing to write.
    private func recover(
        _ journal: DegradableJournal, _ watchdog: Watchdog, nudge: @Sendable () -> Void
    ) async {
        var isLost = false
        while !Task.isCancelled {
            do { try await Task.sleep(for: .seconds(5)) } catch { return }
            if let problem = journal.placeProblem {
                isLost = true
                await watchdog.send(.journalFailing(reason: "\(problem)"))
                continue
            }
            let (wasOpen, wasLost) = (journal.isOpen, isLost)
            isLost = false
            let isWell = await journal.recover()
            guard isWell, !wasOpen || (wasLost && journal.problem == nil) else { continue }
            await watchdog.send(.journalDurable(through: 0))
            nudge()
        }
    }

    private func tearDown(_ scrapes: ScrapeService, _ watchdog: Watchdog, _ transports: Transports) async {
        await scrapes.stop()
        await watchdog.stop()
        await scrapes.shutdown()
        await transports.shutdown()
    }

    /// Removes what is older than the retention, at the start and then at the interval of the plan in force.
    private func prune(
        _ journal: DegradableJournal, _ clock: SystemClock, plan: @Sendable () async -> JournalPlan
    ) async {
        while !Task.isCancelled {
            let keepMs = await plan().retentionMs
            do throws(JournalError) { try await journal.prune(beforeWallMs: clock.wallMs - keepMs) } catch {
                logger.warning("old journal entries could not be removed: \(error)")
            }
            do { try await Task.sleep(for: .milliseconds(await plan().pruneEveryMs)) } catch { return }
        }
    }
}

/// The journal's writer: when it is stopped, it writes what is waiting and then ends.
private struct Draining: Service {
    let writer: JournalWriter
    let watchdog: Watchdog
    let nudge: @Sendable () -> Void

    func run() async throws {
        await withGracefulShutdownHandler {
            await writer.run(report: { await watchdog.send($0) }, nudge: nudge)
        } onGracefulShutdown: {
            writer.finish()
        }
    }
}
