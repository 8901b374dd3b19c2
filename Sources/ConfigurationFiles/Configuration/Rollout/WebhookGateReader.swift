import Declarations
import Model

/// `webhook` of a step: another program's yes.
struct WebhookGateReader {
    let folder: ConfigurationFolder

    /// Gates that every step may have; a webhook of the same name could not be distinguished from them.
    private static let taken = [
        "settle", "min", "requests", "rules", "evidence", "capacity", "approval", "calendar", "frozen",
    ]

    var section: Section<WebhookGatePlan> {
        Section(
            owner: "'webhook'", blank: WebhookGatePlan(name: "webhook", url: ""),
            settings: [
                .value("name", \.name, name, "the gate's name in its ids and for people"),
                .required("url", \.url, .url(), "an http or https address"),
                .secret("secret", \.secret, folder, "key of the signature, as of a receiver of the kind `webhook`"),
                .value("timeout", \.timeoutMs, .duration(), "limit of one try"),
                .value("every", \.everyMs, .duration(), "longest pause between two tries"),
                .value("within", \.withinMs, .duration(), "without an answer until then the gate has lapsed"),
                .value(
                    "on_failure", \.onFailure, .choice(GateFailure.self),
                    "what follows then: `hold` keeps the share and notifies people, `rollback` takes the canary out, "
                        + "`proceed` takes silence for a yes"),
            ] + Setting.security(\.security, folder),
            finish: { gate, fields in
                for (name, limitMs) in [("timeout", gate.timeoutMs), ("every", gate.everyMs)]
                where limitMs > gate.withinMs {
                    let field = fields[name] ?? fields["within"]
                    field?.fail(
                        "'within' (\(Amounts.text(durationMs: gate.withinMs))) must not be shorter than '\(name)' "
                            + "(\(Amounts.text(durationMs: limitMs)))")
                }
                return true
            })
    }

    private var name: ValueForm<String> {
        ValueForm.line(limit: 63, "name").checked { name, field in
            guard NameRules.isIdentifier(name) else {
                field.fail(
                    "\(Quote.value(name)) cannot name a gate; use up to 63 letters, digits, '-', '_' and '.', "
                        + "beginning with a letter or digit")
                return nil
            }
            guard !Self.taken.contains(name) else {
                field.fail("'\(name)' is the name of another gate; name the webhook after what it checks")
                return nil
            }
            return name
        }
    }
}
