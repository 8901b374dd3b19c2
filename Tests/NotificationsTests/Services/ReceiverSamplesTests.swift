import Foundation
import Model
import Ports
import Synchronization
import Testing

@testable import Notifications

/// The document of samples is what the services get. `ROLLGUARD_WRITE_DOCS=1 swift test --filter ReceiverSamples` writes it.
@Suite("Samples of receivers")
struct ReceiverSamplesTests {
    private static let file = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs/reference/receiver-samples.md")

    private static let head = """
        # Samples of messages

        What the [services](receivers.md) get when a rollback is overdue, as the tests make it. Secrets are `***`, and zero-width
        spaces are written as `\\u200b`.

        """

    @Test func theDocumentShowsWhatIsSent() async throws {
        var text = Self.head
        for sample in ServiceSample.all { text += try await Self.section(sample) }
        for kind in [WebhookKind.kind, AlertmanagerKind.kind, AlertmanagerWebhookKind.kind, CloudEventsKind.kind] {
            let sample = ServiceSample(
                kind: kind, success: RecordedAnswer(200, "", .delivered), answers: [], limitBytes: 0)
            text += try await Self.section(sample)
        }
        text += try await Self.mail() + Self.record()
        if ProcessInfo.processInfo.environment["ROLLGUARD_WRITE_DOCS"] == "1" {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: Self.file, encoding: .utf8) == text)
    }

    private static func section(_ sample: ServiceSample) async throws -> String {
        let transport = ScriptedTransport([sample.success.answer])
        let plan = ReceiverPlan(
            name: "oncall", kind: sample.kind, url: sample.url, secret: sample.isSigned ? .file("/run/sign") : nil)
        let receiver = ReceiverKinds.receiver(
            plan,
            ReceiverSetup(
                transport: transport, secrets: FixedSecret(text: "***"),
                externalURL: "https://rollguard.example", clock: { 1_700_000_007_900 }))
        var notification = Model.Notification.sample(.rollbackAbandoned)
        notification.summary = "the router did not take the canary out within 60 s"
        _ = await receiver.deliver(
            Delivery(id: "ab12cd34-2-oncall", receiver: "oncall", notification: notification))
        let request = try #require(transport.requests.first)
        let isBot = (sample.kind.settings as? SlackKind.Settings)?.channel != nil
        return "\n## \(sample.kind.name)\(isBot ? " with channel" : "")\n\n`\(request.method)`\n\n"
            + "```\n\(try shown(request.body ?? []))\n```\n"
    }

    private static var overdue: Delivery {
        var notification = Model.Notification.sample(.rollbackAbandoned)
        notification.summary = "the router did not take the canary out within 60 s"
        return Delivery(id: "ab12cd34-2-oncall", receiver: "oncall", notification: notification)
    }

    private static func setup(_ kept: KeptBytes) -> ReceiverSetup {
        ReceiverSetup(
            transport: ScriptedTransport([.status(200)]), secrets: FixedSecret(text: "***"), mail: kept, syslog: kept,
            hostName: "rollguard-1", externalURL: "https://rollguard.example", clock: { 1_700_000_007_900 })
    }

    private static func mail() async throws -> String {
        let kept = KeptBytes()
        let settings = EmailKind.Settings(
            server: "smtp://mail.example:587", sender: "rollguard@example.org", recipients: ["ops@example.org"])
        let plan = ReceiverPlan(name: "oncall", kind: ReceiverPlan.Kind(settings), url: "")
        _ = await ReceiverKinds.receiver(plan, setup(kept)).deliver(overdue)
        return "\n## email\n\n```\n\(kept.text.replacing("\r\n", with: "\n"))```\n"
    }

    private static func record() async throws -> String {
        let kept = KeptBytes()
        let settings = SyslogKind.Settings(server: SyslogServer("udp://log.example:514"))
        let plan = ReceiverPlan(name: "oncall", kind: ReceiverPlan.Kind(settings), url: "")
        _ = await ReceiverKinds.receiver(plan, setup(kept)).deliver(overdue)
        // A byte order mark is not visible.
        let text = kept.text.replacing("\u{FEFF}", with: "\\ufeff")
        return "\n## syslog\n\n```\n\(text)\n```\n"
    }

    /// JSON in lines; a form with one member per line.
    private static func shown(_ body: [UInt8]) throws -> String {
        var text = String(decoding: body, as: UTF8.self).replacing("&", with: "\n")
        if let object = try? JSONSerialization.jsonObject(with: Data(body)) {
            let data = try JSONSerialization.data(
                withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
            text = String(decoding: data, as: UTF8.self)
        }
        return text.replacing("\u{200B}", with: "\\u200b")
    }
}

/// Keeps what would be sent.
private final class KeptBytes: MailTransport, SyslogTransport {
    private let bytes = Mutex<[UInt8]>([])

    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }

    func send(_ mail: OutgoingMail) async -> MailOutcome {
        bytes.withLock { $0 = mail.content }
        return .accepted
    }

    func send(_ record: OutgoingRecord) async -> String? {
        bytes.withLock { $0 = record.bytes }
        return nil
    }
}
