import Declarations
import Model
import Ports

/// Opsgenie's Alert API, which Jira Service Management has as well. One alert per subject, under one alias.
enum OpsgenieKind: ServiceKind {
    struct Settings: ReceiverSettings, HoldsSecrets {
        static let kind = "opsgenie"
        var key: SecretReference?
        var least = Severity.warning

        var secrets: [SecretReference] { [key].compactMap { $0 } }
    }

    static let sentence = "is Opsgenie's Alert API, or that of Jira Service Management"
    static let blank = Settings()
    static let isReadByPeople = false
    static let defaultURL: String? = "https://api.opsgenie.com/v2/alerts"
    static let requiredFields = [["api_key_file", "api_key_env"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .secret("api_key", \.key, folder, "the API key of the integration"),
            .value("severity", \.least, .choice(Severity.self), "what is less urgent opens no incident"),
        ]
    }

    static func calls(
        _ content: MessageContent, _ site: ServiceSite<Settings>
    ) throws(SecretError) -> [ServiceCall] {
        let headers = [TextPair("Authorization", "GenieKey \(try site.needed(site.settings.key))")]
        return PagerTurn.turns(content, least: site.settings.least).map { turn in
            let alias = MarkUp.verbatim.text(site.key(turn.subject), limit: .characters(512))
            func change(_ what: String) -> ServiceCall {
                let place = "\(site.address)/\(PercentEncoding.component(alias))/\(what)?identifierType=alias"
                return ServiceCall(place, ["source": "rollguard"], headers: headers)
            }
            return switch turn.action {
            case .open(let severity):
                ServiceCall(site.address, alert(content, severity, alias: alias), headers: headers)
            case .acknowledge: change("acknowledge")
            case .resolve: change("close")
            }
        }
    }

    private static func alert(_ content: MessageContent, _ severity: Severity, alias: String) -> JSONTree {
        func text(_ value: String, _ most: Int) -> JSONTree {
            .text(MarkUp.verbatim.text(value, limit: .characters(most)))
        }
        var details: [String: JSONTree] = ["release": text(content.notification.release, 200)]
        for fact in content.namedFacts { details[fact.name] = text(fact.value, 800) }
        details["link"] = content.link.map { .text($0) }
        let description = [content.summary, content.advice.map { "To do: \($0)" }].compactMap { $0 }
        let priority =
            switch severity {
            case .critical: "P1"
            case .warning: "P3"
            case .info: "P5"
            }
        return [
            "message": text(content.headline, 130), "alias": .text(alias), "priority": .text(priority),
            "source": "rollguard", "description": text(description.joined(separator: ". "), 4_000),
            "details": .object(details),
        ]
    }

    /// The 202 says that the request will be processed.
    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        guard (200...299).contains(answer.status) else { return .ofStatus(answer, gone: [401, 403]) }
        return answer.json?["requestId"]?.string == nil ? .notUnderstood(answer) : .delivered()
    }
}
