import HTTPClient
import Model
import Notifications
import Ports
import Support
import SystemSupport

/// Shows the calls of receivers instead of making them.
struct PrintedMessages {
    let secrets: any SecretStore
    /// Makes a body fit to be shown: without secrets, bounded.
    let shown: @Sendable (String) -> String
    let externalURL: String?

    var setup: ReceiverSetup {
        ReceiverSetup(
            transport: PrintingTransport(shown: shown), secrets: secrets, mail: PrintingMail(),
            syslog: PrintingSyslog(), brokers: PrintingBrokers(shown: shown), hostName: SyslogSender.hostName,
            externalURL: externalURL,
            clock: { SystemClock().wallMs })
    }

    /// What a receiver would get at the sample event.
    func show(_ receiver: ReceiverPlan, event: Notification.Event) async {
        let clock = SystemClock()
        let deliveries = TestDeliveries.make(
            receiver: receiver.name, event: event, mark: "sample", nowWallMs: clock.wallMs)
        guard let first = deliveries.first else { return }
        Terminal.say("\(receiver.name) (\(receiver.kind.name)) \(event.rawValue):")
        _ = await ReceiverKinds.receiver(receiver, setup).deliver(first)
    }
}

/// Takes the place of secrets that are not needed to show a message.
struct MaskedSecrets: SecretStore {
    func secret(_ reference: SecretReference) throws(SecretError) -> String { "https://\(Redaction.mask)" }
}

/// Shows a mail instead of sending it.
struct PrintingMail: MailTransport {
    func send(_ mail: OutgoingMail) async -> MailOutcome {
        Terminal.say("  \(mail.server) from \(mail.sender) to \(mail.recipients.joined(separator: ", "))")
        Terminal.say("  " + String(decoding: mail.content, as: UTF8.self).replacing("\r\n", with: "\n  "))
        return .failed(reason: "nothing was sent")
    }
}

/// Shows a record instead of sending it.
struct PrintingSyslog: SyslogTransport {
    func send(_ record: OutgoingRecord) async -> String? {
        Terminal.say("  \(record.carrier.rawValue)://\(record.host):\(record.port)")
        Terminal.say("  " + String(decoding: record.bytes, as: UTF8.self))
        return "nothing was sent"
    }
}

/// Shows what would be published instead of doing it.
struct PrintingBrokers: BrokerTransport {
    let shown: @Sendable (String) -> String

    func publish(_ message: BrokerMessage, at broker: BrokerAddress) async -> BrokerOutcome {
        let place =
            switch message.place {
            case .subject(let subject): subject
            case .exchange(let exchange, let key, let host): "\(host) \(exchange) \(key)"
            case .stream(let stream, _, _): stream
            case .topic(let topic, let key): "\(topic) \(key)"
            }
        Terminal.say("  \(broker.text) \(place)")
        Terminal.say("  " + shown(String(decoding: message.body, as: UTF8.self)))
        return .failed("nothing was sent")
    }

    func ask(_ subject: String, _ body: [UInt8], at broker: BrokerAddress) async -> BrokerAnswer {
        .failed("nothing was sent")
    }
}

/// Shows calls instead of making them: the method, the server, and the body without secrets.
private struct PrintingTransport: HTTPTransport {
    let shown: @Sendable (String) -> String

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        Terminal.say("  \(request.method) \(Self.server(request.url))")
        Terminal.say("  " + shown(String(decoding: request.body ?? [], as: UTF8.self)))
        throw .unusable("nothing was sent")
    }

    /// Scheme and host: the rest may be a credential.
    private static func server(_ url: String) -> String {
        let shown = Redaction.url(url)
        guard let scheme = shown.firstRange(of: "://") else { return Redaction.mask }
        return shown[..<scheme.upperBound] + shown[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
            + "/" + Redaction.mask
    }
}
