import API
import Logging
import Model
import Notifications
import Scraping
import Support
import SystemSupport

/// Takes up a new configuration: validates everything, makes everything that can fail, and only then swaps. An error
/// anywhere leaves the daemon as it was.
actor Reloader {
    private let source: any PlanSource
    private let parts: PartsFactory
    private let watchdog: Watchdog
    private let scrapes: ScrapeService
    private let routers: RouterService
    private let targets: TargetService
    private let outbox: OutboxPump
    private let certificate: ServerCertificate?
    private let secrets: KnownSecrets
    private let logger: Logger
    private let meter: KernelMeter
    private let serviceManager: ServiceManager?
    /// What other replicas have handed over; nil for one daemon alone.
    private let handovers: Handovers?
    /// Of a member of a fleet, which watches a part of the configuration.
    private let selection: FleetSelection?
    /// The configuration in force, also what of it is not watched here.
    private var plan: Plan
    /// What the configuration centre holds, as far as it is in force.
    private var centre: CentreState?
    /// Shards of the fleet that could not be taken in at the last attempt; that is logged once.
    private var failedShards: Set<Int> = []
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(
        plan: Plan, source: any PlanSource, parts: PartsFactory, watchdog: Watchdog, scrapes: ScrapeService,
        routers: RouterService, targets: TargetService, outbox: OutboxPump, certificate: ServerCertificate?,
        secrets: KnownSecrets, logger: Logger, meter: KernelMeter, centre: CentreState? = nil,
        serviceManager: ServiceManager? = nil, handovers: Handovers? = nil, selection: FleetSelection? = nil
    ) {
        self.handovers = handovers
        self.selection = selection
        self.centre = centre
        self.plan = plan
        self.source = source
        self.parts = parts
        self.watchdog = watchdog
        self.scrapes = scrapes
        self.routers = routers
        self.targets = targets
        self.outbox = outbox
        self.certificate = certificate
        self.secrets = secrets
        self.logger = logger
        self.meter = meter
        self.serviceManager = serviceManager
    }

    /// Of the configuration in force.
    var journalPlan: JournalPlan { plan.daemon.journal }

    /// For the service manager: `watching 2 releases`.
    static func status(_ plan: Plan) -> String {
        "watching \(plan.releases.count) release\(plan.releases.count == 1 ? "" : "s")"
    }

    /// What came of a state of the configuration centre.
    enum CentreOutcome {
        case applied(changes: String)
        /// The configuration before it stays in force.
        case refused(reasons: [String])
        /// The same for now: what the decision depends on is not known yet.
        case notYet(reason: String)
    }

    private struct NotYet: Error { let reason: String }

    /// Reads the configuration's files again; what the centre holds stays.
    func reload() async -> CommandResult {
        await takeTurn()
        defer { endTurn() }
        serviceManager?.reloading()
        defer { serviceManager?.ready(status: Self.status(selection?.part(of: plan) ?? plan)) }
        let certificateProblem = reloadCertificate()
        do {
            let next = try source.load(centre: centre)
            let widened = await remarkWideningRules(next)
            let changes = try await adopt(next)
            logger.info("configuration reloaded: \(changes)")
            let remark =
                certificateProblem.map { "; the API's certificate was not, the old one stays in force: \($0)" } ?? ""
            let warnings = widened.map { "\nwarning: \($0)" }.joined()
            return .accepted(text: "reloaded: \(changes)\(remark)\(warnings)", incident: nil)
        } catch {
            meter.reloaded(isSuccess: false)
            logger.error("the configuration was not reloaded, the old one stays in force:")
            // A log line is one line; the diagnostics are several.
            for line in "\(error)".split(separator: "\n") { logger.error("\(line)") }
            return .refused(text: "\(error)")
        }
    }

    /// Takes another state of the configuration centre, whole or not at all.
    ///
    /// - Parameters:
    ///   - isForced: although it is probably an error.
    ///   - knownReasons: of the last refusal, which is not logged again.
    func reload(taking state: CentreState, isForced: Bool, knownReasons: String? = nil) async -> CentreOutcome {
        await takeTurn()
        defer { endTurn() }
        do {
            let next = try source.load(centre: state)
            if !isForced { try await refuseProbableErrors(next) }
            let changes = try await adopt(next)
            centre = state
            logger.info("configuration of \(state.label) at revision \(state.revision): \(changes)")
            return .applied(changes: changes)
        } catch let error as NotYet {
            return .notYet(reason: error.reason)
        } catch {
            let reasons = (error as? InvalidConfiguration)?.headlines ?? ["\(error)"]
            guard reasons.joined(separator: "\n") != knownReasons else { return .refused(reasons: reasons) }
            meter.reloaded(isSuccess: false)
            logger.error(
                "\(state.label) at revision \(state.revision) is not taken, the configuration before it stays in force:"
            )
            for line in "\(error)".split(separator: "\n") { logger.error("\(line)") }
            return .refused(reasons: reasons)
        }
    }

    private func refuseProbableErrors(_ next: Plan) async throws {
        let copy = await watchdog.copy()
        let releases = copy.kernel.snapshot(at: copy.now).releases
        let check = ConfigurationGuard(from: plan, to: next)
        let reasons = LossOfWatch.reasons(releases, in: next) + check.reasons(underWay: LossOfWatch.underWay(releases))
        guard reasons.isEmpty else {
            if let reason = LossOfWatch.unread(releases) { throw NotYet(reason: reason) }
            throw InvalidConfiguration(
                reasons.map { "error: \($0); if that is meant, use --force, or write 'force: true' in the manifest" })
        }
    }

    /// An operator on the host is not held back, and learns what the change means.
    private func remarkWideningRules(_ next: Plan) async -> [String] {
        let copy = await watchdog.copy()
        let underWay = LossOfWatch.underWay(copy.kernel.snapshot(at: copy.now).releases)
        let texts = ConfigurationGuard(from: plan, to: next).widened(underWay: underWay)
        for text in texts { logger.warning("\(text)") }
        return texts
    }

    /// Makes everything that can fail, and only then swaps.
    ///
    /// - Returns: what has changed.
    private func adopt(_ next: Plan) async throws -> String {
        try refuseWhatNeedsARestart(next)
        // What is watched now stays watched, also in another shard.
        let added = selection?.added(by: next) ?? []
        let shown = selection?.part(of: next, adding: added) ?? next
        let reasons = await watchdog.reasonsToRefuse(shown)
        guard reasons.isEmpty else { throw InvalidConfiguration(reasons) }
        secrets.remember(addressesOf: next)
        let drivers = try parts.drivers(for: shown)
        try await swap(shown, drivers) { selection?.take(next, adding: added) }
        let changes = ReloadChanges(from: plan, to: next).text
        plan = next
        meter.forgetTargets()
        meter.reloaded(isSuccess: true)
        for remark in next.remarks { logger.warning("\(remark)") }
        return changes
    }

    /// - Parameter begin: what is done when nothing can fail any more.
    private func swap(_ next: Plan, _ drivers: [String: AimedDriver], begin: () -> Void) async throws {
        let receivers = parts.receivers(for: next)
        let effective = await watchdog.effective(next)
        try await scrapes.follow(effective)
        begin()
        routers.replace(drivers)
        routers.aim(effective)
        parts.board.set(receivers)
        await outbox.update(receivers: receivers, plans: next.receivers)
        await watchdog.reload(next, handovers)
        await targets.follow(next)
    }

    /// Of a member of a fleet: watches these shards of the configuration in force, and no others. What stays is not touched. A
    /// shard that cannot be taken in keeps no other one back.
    ///
    /// - Returns: false when it has to be tried again.
    func watch(_ shards: Set<Int>) async -> Bool {
        guard let selection else { return false }
        await takeTurn()
        defer { endTurn() }
        // The caller does not know yet of shards that a reload has added.
        guard !selection.hasAdded, await watchdog.mayTake(part: part(selection, shards)) else { return false }
        let before = selection.watched
        let served = await takeIn(shards, selection)
        let next = served.intersection(shards)
        guard next != before else { return next == shards }
        // What comes in gets the documents that other members hand over from now on; what leaves gets them until it has left.
        selection.watch(served)
        let isTaken = await watchdog.reload(part: part(selection, next), handovers)
        let watched = isTaken ? next : before
        selection.watch(watched)
        await leaveOthers(watched, selection)
        return isTaken && next == shards
    }

    private func part(_ selection: FleetSelection, _ shards: Set<Int>) -> Plan {
        selection.map.part(of: plan, shards: shards)
    }

    /// Scrapes these shards beside the ones that are watched now, all at once or, when that fails, one by one. What leaves is
    /// served until the kernel has left it: a rollback may begin in it at any time.
    ///
    /// - Returns: the shards that are served then.
    private func takeIn(_ shards: Set<Int>, _ selection: FleetSelection) async -> Set<Int> {
        var served = selection.watched
        if let effective = try? await serve(served.union(shards), selection) {
            routers.aim(effective)
            failedShards = []
            return served.union(shards)
        }
        var failed: Set<Int> = []
        for shard in shards.subtracting(served).sorted() {
            do {
                routers.aim(try await serve(served.union([shard]), selection))
                served.insert(shard)
            } catch {
                failed.insert(shard)
                guard !failedShards.contains(shard) else { continue }
                logger.error("shard \(shard) of the fleet cannot be watched: \(error)")
            }
        }
        failedShards = failed
        return served
    }

    /// Makes drivers and scrapers of these shards, and only then swaps them in; the kernel is not concerned.
    ///
    /// - Returns: the part of the configuration with the roles that the places have now.
    private func serve(_ shards: Set<Int>, _ selection: FleetSelection) async throws -> Plan {
        let next = part(selection, shards)
        let drivers = try parts.drivers(for: next)
        let effective = await watchdog.effective(next)
        try await scrapes.follow(effective)
        routers.replace(drivers)
        return effective
    }

    /// Serves what the kernel watches now, and nothing beside it. What stays keeps its aim.
    private func leaveOthers(_ watched: Set<Int>, _ selection: FleetSelection) async {
        do { _ = try await serve(watched, selection) } catch {
            logger.error("what this member does not watch any more is still scraped: \(error)")
        }
        let next = part(selection, watched)
        await targets.follow(next)
        meter.forgetTargets()
        serviceManager?.ready(status: Self.status(next))
    }

    /// Reloads come one after the other: a second one must not swap in what was read before the first one was done.
    private func takeTurn() async {
        guard isBusy else {
            isBusy = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func endTurn() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }

    /// By itself, before the configuration: a renewed certificate does not wait until an error in a rule is fixed, nor
    /// rules for a certificate.
    ///
    /// - Returns: why the old one stays in force.
    private func reloadCertificate() -> CertificateProblem? {
        guard let certificate else { return nil }
        do throws(CertificateProblem) {
            for warning in try certificate.reload() { logger.warning("\(warning)") }
            logger.info("the API's certificate was read again; new connections get it")
            return nil
        } catch {
            logger.error("the API's certificate was not reloaded, the old one stays in force: \(error)")
            return error
        }
    }

    private func refuseWhatNeedsARestart(_ next: Plan) throws(InvalidConfiguration) {
        var reasons: [String] = []
        if next.daemon.stateDirectory != plan.daemon.stateDirectory {
            reasons.append("error: `state` cannot change while the daemon runs; restart it")
        }
        if next.daemon.listen != plan.daemon.listen {
            reasons.append("error: `listen` cannot change while the daemon runs; restart it")
        }
        if next.centre != plan.centre {
            reasons.append("error: `centre` cannot change while the daemon runs; restart it")
        }
        if next.replicas != plan.replicas {
            reasons.append("error: `replicas` cannot change while the daemon runs; restart it")
        }
        if next.flags != plan.flags {
            reasons.append("error: `flags` cannot change while the daemon runs; restart it")
        }
        if !reasons.isEmpty { throw InvalidConfiguration(reasons) }
    }
}
