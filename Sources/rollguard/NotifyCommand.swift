import ArgumentParser
import Brokers
import ConfigurationFiles
import Daemon
import Foundation
import HTTPClient
import Model
import Notifications
import Ports
import Support
import SystemSupport

/// Sends messages that say they are tests, as the daemon would send real ones.
struct NotifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify",
        abstract: "Send a test to receivers, and say what they answered.",
        discussion: """
            Calls the receivers as the daemon would, without its outbox: each call is made
            once. The messages say TEST, have the release `rollguard-test`, and close what
            they open: by default a rollback from its start to the rearm. A pager may
            call someone.

              rollguard notify --test                            # all receivers
              rollguard notify --test chat --event rollback_held
              rollguard notify --print pager                     # shows, sends nothing

            Exit code 0 when all were delivered, 1 when one was refused, 3 when one could
            not be reached or its credential is not valid any more.
            """)

    @Argument(help: "Names of receivers. [default: all]")
    var receivers: [String] = []

    @Flag(help: "Send. Without this or --print nothing is done.")
    var test = false

    @Flag(name: .customLong("print"), help: "Show the calls instead of making them.")
    var isPrinted = false

    @Option(help: "The event, such as rollback_abandoned. [default: a whole rollback]")
    var event: String?

    @Option(
        help: "The configuration file. [default: rollguard.yaml, /etc/rollguard/rollguard.yaml]",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    func validate() throws {
        if test == isPrinted { throw ValidationError("give either --test, which sends, or --print") }
        if let event, Model.Notification.Event(rawValue: event) == nil {
            let known = Model.Notification.Event.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("there is no event '\(event)'; the events are \(known)")
        }
    }

    func run() async throws {
        let plan = try plan()
        let chosen = try chosen(plan)
        let secrets = KnownSecrets(SystemSecretStore())
        secrets.remember(addressesOf: plan)
        let network = CurlTransport(userAgent: "Rollguard/\(Rollguard.version)", secrets: secrets)
        let printed = PrintedMessages(
            secrets: secrets, shown: { secrets.shown($0, limit: 64 << 10) }, externalURL: plan.daemon.externalURL)
        let kafka = KafkaProducers()
        let setup =
            isPrinted
            ? printed.setup
            : ReceiverSetup(
                transport: network, secrets: secrets, mail: CurlMail(secrets: secrets), syslog: SyslogSender(),
                brokers: Brokers(secrets: secrets, kafka: kafka), hostName: SyslogSender.hostName,
                externalURL: plan.daemon.externalURL,
                clock: { SystemClock().wallMs })
        var worst: Int32 = 0
        for receiver in chosen {
            let code = await send(to: ReceiverKinds.receiver(receiver, setup), kind: receiver.kind.name, secrets)
            worst = max(worst, code)
        }
        await kafka.close()
        await network.shutdown()
        guard worst == 0 else { throw ExitCode(worst) }
    }

    private func plan() throws -> Plan {
        let result = Rulebook.load(
            configuration: try DefaultPaths.configuration(config), files: DiskFiles(), kinds: .all)
        for diagnostic in result.errors { Terminal.complain("\(diagnostic)") }
        guard let plan = result.plan else { throw Failure.no("the configuration cannot be used") }
        return plan
    }

    private func chosen(_ plan: Plan) throws -> [ReceiverPlan] {
        let names = plan.receivers.map(\.name)
        guard !names.isEmpty else { throw Failure.usage("the configuration has no receivers") }
        for name in receivers where !names.contains(name) {
            throw Failure.usage("there is no receiver '\(name)'; the receivers are \(names.joined(separator: ", "))")
        }
        return plan.receivers.filter { receivers.isEmpty || receivers.contains($0.name) }
    }

    /// The exit code of this receiver.
    private func send(to receiver: any Receiver, kind: String, _ secrets: KnownSecrets) async -> Int32 {
        let clock = SystemClock()
        var worst: Int32 = 0
        let wanted = event.flatMap(Model.Notification.Event.init(rawValue:))
        let deliveries = TestDeliveries.make(
            receiver: receiver.name, event: wanted, mark: String(clock.wallMs), nowWallMs: clock.wallMs)
        for delivery in deliveries {
            let title = "\(receiver.name) (\(kind)) \(delivery.notification.event.rawValue)"
            if isPrinted { Terminal.say("\(title):") }
            let start = clock.now.uptimeMs
            let outcome = await receiver.deliver(delivery)
            guard !isPrinted else { continue }
            let (code, text) = Self.summary(outcome, secrets)
            Terminal.say("\(title): \(text) (\(clock.now.uptimeMs - start) ms)")
            worst = max(worst, code)
        }
        return worst
    }

    private static func summary(_ outcome: DeliveryOutcome, _ secrets: KnownSecrets) -> (code: Int32, text: String) {
        switch outcome {
        case .delivered: (0, "delivered")
        case .refused(let reason): (Failure.no, "refused: \(secrets.shown(reason))")
        case .retry(let reason, let wish):
            (
                Failure.unreachable,
                "not delivered: \(secrets.shown(reason))"
                    + (wish.map { "; the next try would be after \($0 / 1_000) s" } ?? "")
            )
        }
    }
}
