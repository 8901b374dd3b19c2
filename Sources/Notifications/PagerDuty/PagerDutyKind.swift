import Declarations
import Model
import Ports

/// PagerDuty's Events API v2. One incident per subject: opened, changed and resolved under one `dedup_key`.
enum PagerDutyKind: ServiceKind {
    struct Settings: ReceiverSettings, HoldsSecrets {
        static let kind = "pagerduty"
        var key: SecretReference?
        var least = Severity.warning

        var secrets: [SecretReference] { [key].compactMap { $0 } }
    }

    static let sentence = "is PagerDuty's Events API v2"
    static let blank = Settings()
    static let isReadByPeople = false
    static let defaultURL: String? = "https://events.pagerduty.com/v2/enqueue"
    static let requiredFields = [["routing_key_file", "routing_key_env"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .secret("routing_key", \.key, folder, "the integration key of the service"),
            .value("severity", \.least, .choice(Severity.self), "what is less urgent opens no incident"),
        ]
    }

    static func calls(
        _ content: MessageContent, _ site: ServiceSite<Settings>
    ) throws(SecretError) -> [ServiceCall] {
        let key = try site.needed(site.settings.key)
        return PagerTurn.turns(content, least: site.settings.least).map { turn in
            let event: JSONTree = [
                "routing_key": .text(key),
                "dedup_key": .text(MarkUp.verbatim.text(site.key(turn.subject), limit: .characters(255))),
            ]
            let severity: Severity
            switch turn.action {
            case .open(let urgency): severity = urgency
            case .acknowledge: return ServiceCall(site.address, event.adding("event_action", "acknowledge"))
            case .resolve: return ServiceCall(site.address, event.adding("event_action", "resolve"))
            }
            let body = event.adding("event_action", "trigger").adding("client", "Rollguard")
                .adding("client_url", content.link.map { .text($0) })
                .adding("payload", payload(content, severity))
            return ServiceCall(site.address, body)
        }
    }

    private static func payload(_ content: MessageContent, _ severity: Severity) -> JSONTree {
        var details: [String: JSONTree] = [:]
        for fact in content.namedFacts {
            details[fact.name] = .text(MarkUp.verbatim.text(fact.value, limit: .bytes(4_000)))
        }
        details["To do"] = content.advice.map { .text($0) }
        let summary = MarkUp.verbatim.text("\(content.headline): \(content.summary)", limit: .characters(1_024))
        return [
            "summary": .text(summary), "severity": .text(severity.rawValue),
            "source": .text(MarkUp.verbatim.text(content.notification.release, limit: .characters(200))),
            "class": .text(content.notification.event.rawValue), "custom_details": .object(details),
        ]
    }

    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        switch answer.status {
        case 200...299:
            return answer.json?["status"]?.string == "success" ? .delivered() : .notUnderstood(answer)
        // About 120 per minute and key.
        case 429: return .retry("it answered with status 429", afterMs: answer.retryAfterMs ?? 30_000)
        case 400 where answer.line.contains("routing_key"):
            return .gone("it answered with status 400: \(answer.line)")
        default: return .ofStatus(answer, gone: [401, 403])
        }
    }
}
