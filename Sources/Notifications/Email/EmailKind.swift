import Declarations
import Model
import Ports

/// Mail over SMTP.
enum EmailKind: DeliveringReceiverKind {
    /// How `smtp://` becomes confidential.
    enum StartTLS: String, Sendable, CaseIterable {
        case required
        case off
    }

    struct Settings: ReceiverSettings {
        static let kind = "email"
        /// `smtp://host:587` or `smtps://host:465`.
        var server: String?
        var sender: String?
        var recipients: [String]?
        var startTLS = StartTLS.required
    }

    static let sentence = "is mail over SMTP (`auth` with `basic` is the login)"
    static let blank = Settings()
    static let isReadByPeople = true
    /// `server` is its address.
    static let defaultURL: String? = ""
    static let requiredFields = [["server"], ["from"], ["to"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .optional(
                "server", \.server, server, "`smtp://host:587`, or `smtps://host:465` for TLS from the beginning"),
            .optional("from", \.sender, address, "the address of the sender"),
            .optional(
                "to", \.recipients,
                ValueForm.lines(of: "addresses").checked { addresses, field in
                    let wrong = addresses.first { !MailAddress.isUsable($0) }
                    wrong.map { field.fail("\(Quote.value($0)) is not a mail address; write user@host") }
                    return wrong == nil ? addresses : nil
                }, "the recipients; where one of them is refused, the mail is"),
            .value(
                "starttls", \.startTLS, .choice(StartTLS.self),
                "`required` refuses a server without TLS; `off` sends in the clear"),
        ]
    }

    private static var server: ValueForm<String> {
        ValueForm.line(limit: 300).checked { text, field in
            if MailAddress.isServer(text) { return text }
            field.fail("\(Quote.value(text)) is no mail server; write smtp://host:587 or smtps://host:465")
            return nil
        }
    }

    private static var address: ValueForm<String> {
        ValueForm.line(limit: 300).checked { text, field in
            if MailAddress.isUsable(text) { return text }
            field.fail("\(Quote.value(text)) is not a mail address; write user@host")
            return nil
        }
    }

    static func templateProblem(_ template: String) -> TemplateProblem? { MessageTemplates.reported(template) }

    static func receiver(_ plan: ReceiverPlan, _ settings: Settings, _ setup: ReceiverSetup) -> any Receiver {
        EmailReceiver(plan: plan, settings: settings, setup: setup)
    }
}

struct EmailReceiver: Receiver {
    let plan: ReceiverPlan
    let settings: EmailKind.Settings
    let setup: ReceiverSetup

    var name: String { plan.name }

    func canGroup(_ notification: Notification) -> Bool { true }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        guard let mail = setup.mail else { return .refused(reason: "this program cannot send mail") }
        let content = setup.content(plan, delivery.notification)
        let sender = settings.sender ?? ""
        let recipients = settings.recipients ?? []
        let message = MailMessage(content, delivery: delivery, sender: sender, recipients: recipients)
        let outcome = await mail.send(
            OutgoingMail(
                server: settings.server ?? "", sender: sender, recipients: recipients, content: message.bytes,
                requiresTLS: settings.startTLS == .required, security: plan.security, timeoutMs: plan.timeoutMs))
        return Self.meaning(outcome).outcome
    }

    /// Sorted by the server's last reply: libcurl's own codes do not say whether a later attempt may succeed.
    static func meaning(_ outcome: MailOutcome) -> AnswerMeaning {
        switch outcome {
        case .accepted: .delivered()
        case .failed(let reason): .retry(reason)
        case .replied(let code, let reason) where [530, 534, 535, 538].contains(code):
            .gone("the mail server replied \(code): \(reason)")
        case .replied(let code, let reason) where code < 500: .retry("the mail server replied \(code): \(reason)")
        case .replied(let code, let reason): .refused("the mail server replied \(code): \(reason)")
        }
    }
}

/// Addresses that go into envelopes and headers as they are.
enum MailAddress {
    /// ASCII, one `@`, nothing that ends an address or a line.
    static func isUsable(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && isPlain($0, besides: "") }
    }

    static func isServer(_ text: String) -> Bool {
        guard let scheme = ["smtp://", "smtps://"].first(where: text.hasPrefix) else { return false }
        let rest = text.dropFirst(scheme.count)
        return !rest.isEmpty && isPlain(rest, besides: "/?#@")
    }

    static func domain(_ address: String) -> String { String(address.split(separator: "@").last ?? "localhost") }

    private static func isPlain(_ text: some StringProtocol, besides others: String) -> Bool {
        text.utf8.allSatisfy {
            (0x21...0x7E).contains($0) && !#"<>()",;\"#.utf8.contains($0) && !others.utf8.contains($0)
        }
    }
}
