import Declarations
import Model
import Ports
import Support

/// A syslog server, RFC 5424.
enum SyslogKind: DeliveringReceiverKind {
    struct Settings: ReceiverSettings {
        static let kind = "syslog"
        var server: SyslogServer?
        var facility = Facility.local0
    }

    enum Facility: String, Sendable, CaseIterable {
        case user, daemon, auth, local0, local1, local2, local3, local4, local5, local6, local7

        /// RFC 5424, section 6.2.1.
        var code: Int {
            switch self {
            case .user: 1
            case .daemon: 3
            case .auth: 4
            case .local0: 16
            case .local1: 17
            case .local2: 18
            case .local3: 19
            case .local4: 20
            case .local5: 21
            case .local6: 22
            case .local7: 23
            }
        }
    }

    static let sentence = "is a syslog server (RFC 5424)"
    static let blank = Settings()
    /// `server` is its address.
    static let defaultURL: String? = ""
    static let requiredFields = [["server"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .optional(
                "server", \.server,
                ValueForm.line(limit: 300).mapped(
                    { text, field in
                        if let server = SyslogServer(text) { return server }
                        field.fail(
                            "\(Quote.value(text)) is not a syslog server; write udp://host:514, tcp://host:601 or "
                                + "tls://host:6514")
                        return nil
                    }, back: \.text),
                "`tls://host:6514`, `tcp://host:601` (octet counting), or `udp://host:514`, which may lose records"),
            .value("facility", \.facility, .choice(Facility.self), "of the records"),
        ]
    }

    static func templateProblem(_ template: String) -> TemplateProblem? { MessageTemplates.reported(template) }

    static func receiver(_ plan: ReceiverPlan, _ settings: Settings, _ setup: ReceiverSetup) -> any Receiver {
        SyslogReceiver(plan: plan, settings: settings, setup: setup)
    }
}

/// `tls://host:6514`.
struct SyslogServer: Sendable, Equatable {
    let carrier: OutgoingRecord.Carrier
    let host: String
    let port: Int

    init?(_ text: String) {
        guard let mark = text.firstRange(of: "://"),
            let carrier = OutgoingRecord.Carrier(rawValue: String(text[..<mark.lowerBound])),
            let colon = text.lastIndex(of: ":"), colon >= mark.upperBound,
            let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port)
        else { return nil }
        var host = text[mark.upperBound..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        let isPlain = host.utf8.allSatisfy { (0x21...0x7E).contains($0) && !#"/?#@[]\"#.utf8.contains($0) }
        guard !host.isEmpty, isPlain else { return nil }
        (self.carrier, self.host, self.port) = (carrier, String(host), port)
    }

    var text: String { "\(carrier.rawValue)://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

struct SyslogReceiver: Receiver {
    let plan: ReceiverPlan
    let settings: SyslogKind.Settings
    let setup: ReceiverSetup

    var name: String { plan.name }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        guard let transport = setup.syslog, let server = settings.server else {
            return .refused(reason: "this program cannot send to a syslog server")
        }
        let content = setup.content(plan, delivery.notification)
        let record = SyslogRecord(content, delivery: delivery, facility: settings.facility, host: setup.hostName)
        let bytes = server.carrier == .udp ? record.bytes : record.counted
        let problem = await transport.send(
            OutgoingRecord(
                carrier: server.carrier, host: server.host, port: server.port, bytes: bytes,
                security: plan.security, timeoutMs: plan.timeoutMs))
        return problem.map { .retry(reason: "\(server.text): \($0)", afterMs: nil) } ?? .delivered
    }
}
