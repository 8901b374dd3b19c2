import Brokers
import HTTPClient
import Model
import Notifications
import PlanSteps
import Ports
import Routers
import SystemSupport

/// Makes the parts that a plan names: a driver per release, a receiver per receiver.
struct PartsFactory: Sendable {
    /// For routers alone: their calls wait for no scrape or webhook.
    let routerCalls: any HTTPTransport
    let deliveries: any HTTPTransport
    let secrets: any SecretStore
    let clock: any DaemonClock
    var probe: DaemonProbe?
    /// Where receivers keep how services name messages; nil for a daemon without files of its own.
    var directory: String?
    /// Signs the links of messages; nil for messages without such links.
    var tokens: GateTokens?
    /// Knows the receivers that were made last.
    let board = ReceiverBoard()
    /// Kept over reloads.
    let kafka = KafkaProducers()

    func drivers(for plan: Plan) throws -> [String: AimedDriver] {
        var drivers: [String: AimedDriver] = [:]
        for release in plan.releases { drivers[release.name] = try AimedDriver { try driver(of: release, $0) } }
        return drivers
    }

    private func driver(of release: ReleasePlan, _ aim: RouterAim) throws -> any RouterDriver {
        let first = try driver(release.router, of: release, aim)
        guard let fallback = release.fallback else { return first }
        return FallbackPair(first: first, second: try driver(fallback.router, of: release, aim))
    }

    private func driver(_ plan: RouterPlan, of release: ReleasePlan, _ aim: RouterAim) throws -> any RouterDriver {
        let driver = try RouterFactory.make(
            plan: plan, release: release.name,
            versions: (baseline: release.baseline.version, canary: release.canary.version), transport: routerCalls,
            secrets: secrets, aim: aim)
        return probe.map { $0.driver(driver, release) } ?? driver
    }

    private func links(for plan: Plan) -> PageLinks? {
        guard let tokens, let base = plan.daemon.externalURL, let validMs = plan.daemon.acknowledgeLinksMs else {
            return nil
        }
        return PageLinks(externalURL: base, validMs: validMs) { tokens.token($0) }
    }

    func receivers(for plan: Plan) -> [any Receiver] {
        let setup = ReceiverSetup(
            transport: deliveries, secrets: secrets, mail: CurlMail(secrets: secrets),
            syslog: SyslogSender(), brokers: Brokers(secrets: secrets, kafka: kafka), hostName: SyslogSender.hostName,
            memory: directory.map { MessageFiles(directory: $0) },
            externalURL: plan.daemon.externalURL, links: links(for: plan),
            clock: { [clock] in clock.wallMs })
        return plan.receivers.map { receiver in
            let made = ReceiverKinds.receiver(receiver, setup)
            return probe.map { $0.receiver(made) } ?? made
        }
    }

    /// What the drivers of plans' steps are made of.
    func stepSetup(_ calls: any HTTPTransport) -> StepSetup {
        var setup = StepSetup(
            transport: calls, directory: directory, brokers: Brokers(secrets: secrets, kafka: kafka),
            publish: { [board] in await board.publish($0, $1) }, wallMs: { [clock] in clock.wallMs })
        (setup.secrets, setup.clock) = (secrets, clock)
        return setup
    }
}

extension PartsFactory {
    init(environment: DaemonEnvironment, directory: String?) {
        self.init(
            routerCalls: environment.network.routerCalls, deliveries: environment.network.deliveries,
            secrets: environment.secrets, clock: environment.clock, probe: environment.probe, directory: directory)
    }
}
