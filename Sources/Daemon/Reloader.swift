import API
import Logging
import Model
import Notifications
import Scraping
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
    private var plan: Plan

    init(
        plan: Plan, source: any PlanSource, parts: PartsFactory, watchdog: Watchdog, scrapes: ScrapeService,
        routers: RouterService, targets: TargetService, outbox: OutboxPump, certificate: ServerCertificate?,
        secrets: KnownSecrets, logger: Logger, meter: KernelMeter, serviceManager: ServiceManager? = nil
    ) {
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

    func reload() async -> CommandResult {
        serviceManager?.reloading()
        defer { serviceManager?.ready(status: Self.status(plan)) }
        let certificateProblem = reloadCertificate()
        do {
            let next = try source.load()
            try refuseWhatNeedsARestart(next)
            let reasons = await watchdog.reasonsToRefuse(next)
            guard reasons.isEmpty else { throw InvalidConfiguration(reasons) }
            secrets.remember(addressesOf: next)
            let drivers = try parts.drivers(for: next)
            let receivers = parts.receivers(for: next)
            let effective = await watchdog.effective(next)
            try await scrapes.follow(effective)
            routers.replace(drivers)
            routers.aim(effective)
            await outbox.update(receivers: receivers, plans: next.receivers)
            await watchdog.send(.reload(next))
            await targets.follow(next)
            let changes = ReloadChanges(from: plan, to: next).text
            plan = next
            meter.forgetTargets()
            meter.reloaded(isSuccess: true)
            for remark in next.remarks { logger.warning("\(remark)") }
            logger.info("configuration reloaded: \(changes)")
            let remark =
                certificateProblem.map { "; the API's certificate was not, the old one stays in force: \($0)" } ?? ""
            return .accepted(text: "reloaded: \(changes)\(remark)", incident: nil)
        } catch {
            meter.reloaded(isSuccess: false)
            logger.error("the configuration was not reloaded, the old one stays in force:")
            // A log line is one line; the diagnostics are several.
            for line in "\(error)".split(separator: "\n") { logger.error("\(line)") }
            return .refused(text: "\(error)")
        }
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
        if !reasons.isEmpty { throw InvalidConfiguration(reasons) }
    }
}
