import Declarations
import Model
import Ports

/// Splunk On-Call (VictorOps): the generic REST integration, whose address ends with the key and the routing key.
enum SplunkOnCallKind: ServiceKind {
    struct Settings: ReceiverSettings {
        static let kind = "splunk_oncall"
        static let hasSecretAddress = true
        var least = Severity.warning
    }

    static let sentence = "is the generic REST integration of Splunk On-Call"
    static let blank = Settings()
    static let isReadByPeople = false

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [.value("severity", \.least, .choice(Severity.self), "what is less urgent opens no incident")]
    }

    private static let layout = MessageText(markUp: .verbatim)

    static func calls(_ content: MessageContent, _ site: ServiceSite<Settings>) -> [ServiceCall] {
        PagerTurn.turns(content, least: site.settings.least).map { turn in
            let type =
                switch turn.action {
                case .open(.critical): "CRITICAL"
                case .open(.warning): "WARNING"
                case .open(.info): "INFO"
                case .acknowledge: "ACKNOWLEDGEMENT"
                case .resolve: "RECOVERY"
                }
            let headline = MarkUp.verbatim.text(content.headline, limit: .bytes(250))
            return ServiceCall(
                site.address,
                [
                    "message_type": .text(type), "entity_display_name": .text(headline),
                    "entity_id": .text(MarkUp.verbatim.text(site.key(turn.subject), limit: .characters(500))),
                    "state_message": .text(layout.text(content, limit: .bytes(16_000))),
                    "monitoring_tool": "Rollguard",
                ])
        }
    }

    /// A failure has the status 200 as well.
    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        guard (200...299).contains(answer.status) else { return .ofStatus(answer, gone: [401, 403, 404]) }
        switch answer.json?["result"]?.string {
        case "success": return .delivered()
        case "failure": return .refused("it answered with status \(answer.status): \(answer.line)")
        default: return .notUnderstood(answer)
        }
    }
}
