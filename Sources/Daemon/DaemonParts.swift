import API
import Brokers
package import Centres
import Kernel
import Logging
package import Model
import Notifications
import PlanSteps
package import Ports
import Scraping
import ServiceLifecycle
package import SystemSupport
import TargetSources
import UnixSignals

/// The daemon's parts, joined: the one composition that the program and the simulation run.
///
///     scrapes -> Watchdog (the kernel) -> journal, routers
///                        ^  answers  <----------'
package struct DaemonParts: Sendable {
    /// How the daemon behaves beside its configuration.
    package struct Options: Sendable {
        /// Of the program, for metrics.
        package var version: String
        /// Of the build, for metrics; empty where it is not known.
        package var commit: String
        /// Is notified of reloads.
        package var serviceManager: ServiceManager?
        /// Decide and notify, but never call a router's `apply`.
        package var isDryRun: Bool
        /// Where keys are kept; nil for a daemon without files of its own.
        package var keyDirectory: String?
        /// Seeds the retries' jitter.
        package var seed: UInt64
        /// Test hook: the process kills itself as soon as this journal sequence is durable.
        package var dieAfterSequence: UInt64?
        /// Test hook: one of the services returns after so many milliseconds, as a defect would make it.
        package var endAfterMs: Int64?

        package init(
            version: String, commit: String = "", serviceManager: ServiceManager? = nil, isDryRun: Bool, seed: UInt64,
            dieAfterSequence: UInt64? = nil, endAfterMs: Int64? = nil
        ) {
            self.version = version
            self.commit = commit
            self.serviceManager = serviceManager
            self.isDryRun = isDryRun
            self.seed = seed
            self.dieAfterSequence = dieAfterSequence
            self.endAfterMs = endAfterMs
        }
    }

    let operations: DaemonOperations
    let reloader: Reloader
    private let plan: Plan
    private let options: Options
    private let environment: DaemonEnvironment
    private let journal: DegradableJournal
    private let writer: JournalWriter
    private let routers: RouterService
    private let gates: GateService
    private let steps: StepService
    private let companions: GroupService
    private let roles = RoleService()
    private let watchdog: Watchdog
    private let scrapes: ScrapeService
    private let outbox: OutboxPump
    private let kafka: KafkaProducers
    private let targets: TargetService
    /// Nil without a configuration centre.
    private let centre: CentreService?
    /// Nil without a configuration centre that has policies.
    private let policies: SharePolicyService?
    private let startRecord: ConfigurationRecord?
    /// Nil for one daemon alone.
    private let replicas: ReplicaService?
    /// Nil when everything of the configuration is watched.
    private let selection: FleetSelection?

    /// Opens the journal, restores the kernel from it, and makes every part. Nothing runs yet. Long because it is the
    /// wiring and nothing else.
    ///
    /// - Parameters:
    ///   - plan: what `source` gave.
    ///   - source: asked again by each reload.
    ///   - certificate: of the API; read again by each reload.
    ///   - link: to the configuration centre, with what the daemon starts with.
    /// - Throws: `JournalError`, `RouterPlanError`: what keeps the daemon from starting.
    init(
        plan full: Plan, source: any PlanSource, options: Options, environment: DaemonEnvironment,
        certificate: ServerCertificate?, link: CentreLink? = nil
    ) async throws {
        // A dry run takes no lease, and moves nothing that the others would have to know.
        let replicaPlan = options.isDryRun ? nil : full.replicas
        let selection = FleetSelection.atStart(replicaPlan, full)
        let plan = selection?.part(of: full) ?? full
        let (clock, secrets, logger) = (environment.clock, environment.secrets, environment.logger)
        let meter = KernelMeter(version: options.version, commit: options.commit, clock: clock)
        let journal = try await Self.openJournal(plan.daemon.stateDirectory, options, environment)
        for note in journal.folderNotes { logger.warning("\(note)") }
        var parts = PartsFactory(environment: environment, directory: options.keyDirectory)
        kafka = parts.kafka
        let gateTokens = GateTokens(journal: journal.identity, directory: options.keyDirectory, logger: logger)
        parts.tokens = gateTokens
        writer = JournalWriter(
            journal: journal, clock: clock, logger: logger, meter: meter, dieAfterSequence: options.dieAfterSequence,
            onEnqueue: { journal.expect($0) })
        routers = RouterService(
            drivers: try parts.drivers(for: plan), logger: logger, meter: meter, clock: clock)
        gates = GateService(
            client: GateClient(transport: environment.network.deliveries, secrets: secrets, clock: clock),
            externalURL: plan.daemon.externalURL, tokens: gateTokens)
        let currentPlan = CurrentPlan()
        var stepSetup = parts.stepSetup(environment.network.planCalls)
        // Of several daemons the one that leads continues what another one began.
        let group = plan.replicas.map { ReplicaIdentity(name: $0.name, group: $0.group).group }
        stepSetup.eventPrefix = (group ?? journal.identity) + "-"
        stepSetup.targets = { await currentPlan.targets(of: $0) }
        let stepDrivers = StepDrivers(stepSetup)
        steps = StepService(driver: environment.probe.map { $0.steps(stepDrivers) } ?? stepDrivers)
        companions = GroupService(client: GroupClient(transport: environment.network.deliveries))
        let records = try await journal.records()
        UnreadableEntries.warn(of: records, logger)
        let kernel = Kernel(
            plan: plan, replaying: records, journalIdentity: journal.identity,
            firstSequence: journal.firstSequence, isDryRun: options.isDryRun, seed: options.seed,
            replica: replicaPlan.map {
                ReplicaIdentity(name: $0.name, group: $0.group, shards: selection?.map.shards)
            }, at: clock.now)
        let replicaQueue = replicaPlan.map { _ in ReplicaQueue() }
        let replicaBoard = ReplicaBoard()
        let shelf = HandoverShelf()
        let rightsOfOutbox = replicaPlan.flatMap { plan in
            replicaQueue.map {
                ReplicaRightsOfOutbox(
                    plan: plan, board: replicaBoard, queue: $0, clock: clock, selection: selection,
                    startedUptimeMs: clock.now.uptimeMs)
            }
        }
        let log = KernelLog(logger: logger)
        let watchdog = Watchdog(
            kernel: kernel, clock: clock, secrets: secrets,
            effects: EffectSink(
                journal: writer, routers: routers, log: log, meter: meter,
                askGate: { [gates] in gates.enqueue($0) }, poolsChanged: { [roles] in roles.poolsChanged() },
                callStep: { [steps] in steps.enqueue($0, isCheck: $1) },
                askCompanion: { [companions] in companions.enqueue($0) },
                readSchema: { [steps] in steps.readSchema(release: $0, call: $1, gate: $2) }, replicas: replicaQueue),
            probe: environment.probe)
        currentPlan.read { await watchdog.effectivePlan() }
        routers.aim(kernel.effectivePlan)
        scrapes = ScrapeService(
            lanes: environment.network.scrapeLanes(), files: environment.files, clock: clock, logger: logger,
            meter: meter, sink: watchdog)
        let receivers = parts.receivers(for: plan)
        parts.board.set(receivers)
        outbox = OutboxPump(
            outbox: journal, receivers: receivers, plans: plan.receivers, clock: clock,
            seed: options.seed,
            standing: { await watchdog.standingAlerts().filter { rightsOfOutbox?.isOwn($0) ?? true } },
            shown: { secrets.shown($0) }, rights: rightsOfOutbox?.rights,
            trouble: { await watchdog.send(.delivery($0)) }, log: { log.write($0) })
        targets = TargetService(
            setup: SourceSetup(
                transport: environment.network.discoveryCalls, secrets: secrets, clock: clock,
                files: environment.targetFiles, names: environment.hostNames),
            store: environment.targetLists(plan.daemon.stateDirectory), watchdog: watchdog, logger: logger,
            meter: meter)
        let reloader = Reloader(
            plan: full, source: source, parts: parts, watchdog: watchdog, scrapes: scrapes, routers: routers,
            targets: targets, outbox: outbox, certificate: certificate, secrets: secrets, logger: logger, meter: meter,
            centre: link?.start.state, serviceManager: options.serviceManager,
            handovers: replicaPlan.map { Handovers(name: $0.name, shelf: shelf) }, selection: selection)
        self.reloader = reloader
        let board = CentreBoard()
        centre = link?.service(
            reloader: reloader, watchdog: watchdog, clock: clock, logger: logger, board: board, seed: options.seed)
        policies = link.flatMap { link in
            link.policy.map {
                SharePolicyService(
                    centre: $0, label: link.centre.label, store: link.shares, watchdog: watchdog, clock: clock,
                    logger: logger, seed: options.seed, isDetached: { board.report?.brake.detachment != nil })
            }
        }
        startRecord = link?.start.record
        meter.show(board)
        if replicaPlan != nil { meter.show(replicaBoard) }
        operations = DaemonOperations(
            watchdog: watchdog, desk: SnapshotCache(watchdog: watchdog), journal: journal, pump: outbox, clock: clock,
            logger: logger, reloader: reloader, targets: targets, meter: meter, gateTokens: gateTokens,
            centre: board, steps: steps, replicas: replicaBoard, centreService: centre)
        replicas = replicaPlan.flatMap { replica in
            replicaQueue.map { queue in
                ReplicaService.make(
                    replica, plan: full, version: options.version, environment: environment, watchdog: watchdog,
                    queue: queue, board: replicaBoard, shelf: shelf,
                    fleet: selection?.surroundings(full, watchdog: watchdog, reloader: reloader),
                    manifestRevision: { board.report?.manifestRevision },
                    isBraked: { board.report?.brake.isSet ?? false })
            }
        }
        (self.plan, self.options, self.environment) = (full, options, environment)
        self.selection = selection
        (self.journal, self.watchdog) = (journal, watchdog)
    }

    /// Returns when the watchdog has taken its turn: it hangs when the watchdog does.
    func answers() async { _ = await watchdog.watchedSinceUptimeMs(release: "") }

    private static func openJournal(
        _ directory: String, _ options: Options, _ environment: DaemonEnvironment
    ) async throws(JournalError) -> DegradableJournal {
        options.isDryRun
            ? try await DegradableJournal.ofDryRun(
                directory: directory, files: environment.journals, clock: environment.clock)
            : try await DegradableJournal(
                directory: directory, files: environment.journals, clock: environment.clock)
    }

    /// Runs until a signal, a cancellation, or the end of a service, which is an error.
    ///
    /// - Parameters:
    ///   - others: services that run beside the daemon's own, such as its API; they stop first.
    ///   - signals: end the services gracefully.
    /// - Throws: ``EndedService``, and what keeps the scrapes from starting.
    func run(beside others: [EndlessService], stoppingOn signals: [UnixSignal]) async throws {
        await targets.follow(selection?.part(of: plan) ?? plan)
        try await scrapes.follow(await watchdog.effectivePlan())
        await DegradedOperation(journal: journal, watchdog: watchdog, clock: environment.clock).announce(
            environment.logger)
        await replicas?.restore(plan.releases.map(\.name))
        await watchdog.send(.tick)
        if let startRecord { await watchdog.send(.configured(startRecord)) }
        let group = ServiceGroup(
            configuration: .init(
                services: (services + others).map { .init(service: $0) }, gracefulShutdownSignals: signals,
                logger: environment.logger))
        do { try await group.run() } catch {
            await tearDown()
            throw error
        }
        await tearDown()
    }

    /// Services stop in the reverse order: the journal writes what the others still had to say.
    private var services: [EndlessService] {
        let (clock, outbox, routers, watchdog) = (environment.clock, outbox, routers, watchdog)
        let (gates, steps, roles, scrapes, logger) = (gates, steps, roles, scrapes, environment.logger)
        let companions = companions
        let pruning = JournalPruning(journal: journal, clock: clock, logger: environment.logger)
        let degraded = DegradedOperation(journal: journal, watchdog: watchdog, clock: clock)
        let reloader = reloader
        var services = [
            EndlessService("journal writer", Draining(writer: writer, watchdog: watchdog) { outbox.nudge() }),
            EndlessService("outbox", clock) { await outbox.run() },
            EndlessService("router calls", clock) { await routers.run(watchdog: watchdog) },
            EndlessService("gate calls", clock) { await gates.run(watchdog: watchdog) },
            EndlessService("steps of plans", clock) { await steps.run(watchdog: watchdog) },
            EndlessService("companions", clock) { await companions.run(watchdog: watchdog) },
            EndlessService("roles", clock) {
                await roles.run(watchdog: watchdog, scrapes: scrapes, logger: logger)
            },
            EndlessService("journal recovery", clock) { await degraded.recover { outbox.nudge() } },
            EndlessService("pruning", clock) { await pruning.run { await reloader.journalPlan } },
        ]
        if let centre { services.append(EndlessService("configuration centre", clock) { await centre.run() }) }
        if let policies { services.append(EndlessService("policies", clock) { try await policies.run() }) }
        if let replicas { services.append(EndlessService("replicas", clock) { await replicas.run() }) }
        if let endAfterMs = options.endAfterMs {
            services.append(EndlessService("test hook", clock) { try await clock.sleep(ms: endAfterMs) })
        }
        return services
    }

    private func tearDown() async {
        await replicas?.resign()
        await targets.stop()
        await scrapes.stop()
        await watchdog.stop()
        await scrapes.shutdown()
        await kafka.close()
        await environment.network.shutdown()
    }
}

/// What a simulation uses: a daemon without a process around it.
extension DaemonParts {
    /// Opens the journal, restores the kernel from it, and makes every part, without an API.
    ///
    /// - Parameter plan: what `source` gave.
    /// - Throws: what keeps the daemon from starting.
    package init(
        plan: Plan, source: any PlanSource, options: Options, environment: DaemonEnvironment
    ) async throws {
        try await self.init(
            plan: plan, source: source, options: options, environment: environment, certificate: nil)
    }

    /// The same with a configuration centre.
    ///
    /// - Parameters:
    ///   - local: the plan of the configuration file alone.
    ///   - shelf: where the last good state of the centre is kept.
    ///   - waitMs: how long the start waits for the centre.
    package init(
        local: Plan, source: any PlanSource, options: Options, environment: DaemonEnvironment, centre: any Centre,
        shelf: any CentreShelf, waitMs: Int64
    ) async throws {
        let start = CentreStart(
            centre: centre, waitMs: waitMs, store: shelf, source: source, clock: environment.clock,
            logger: environment.logger)
        let link = CentreLink(centre: centre, store: shelf, start: try await start.outcome(local: local))
        try await self.init(
            plan: link.start.plan, source: source, options: options, environment: environment, certificate: nil,
            link: link)
    }

    /// What the daemon starts with.
    package var startPlan: Plan { plan }

    /// Runs until it is cancelled, or until a service ends, which is an error.
    package func run() async throws { try await run(beside: [], stoppingOn: []) }

    /// What the API may ask of the daemon.
    package var requests: any Operations { operations }

    /// The state of all releases and incidents, made where the caller runs.
    package func snapshot() async -> Snapshot {
        let copy = await watchdog.copy()
        return copy.kernel.snapshot(at: copy.now)
    }
}

/// The journal's writer: when the daemon stops, it writes what is waiting and then ends.
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
