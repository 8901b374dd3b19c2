import Declarations
import Model
import Support

/// `receivers`: who is notified.
struct ReceiverReader {
    let folder: ConfigurationFolder
    let kinds: [any ReceiverKind.Type]

    var form: ValueForm<[ReceiverPlan]> {
        let section = section(names: UniqueNames(what: "receiver"))
        return ValueForm(
            summary: "list of mappings", schema: .array(of: section.schema),
            read: { $0.entries(of: "receivers")?.compactMap { section.read($0) } },
            write: { .list($0.map(section.tree)) })
    }

    func section(names: UniqueNames) -> Section<ReceiverPlan> {
        Section(
            owner: "a receiver", blank: Self.blank,
            settings: identity(names) + delivery + texts + ReceiverFields.all(of: kinds, folder)
                + Setting.security(\.security, folder),
            atMostOne: [Self.addresses])
    }

    /// The kind is required, so that this one is never used.
    private static let blank = ReceiverPlan(name: "", kind: ReceiverPlan.Kind(NoKind()), url: "")

    private static let addresses = ["url", "url_file", "url_env"]

    private struct NoKind: ReceiverSettings {
        static let kind = ""
    }

    private var kind: ValueForm<ReceiverPlan.Kind> {
        let names = kinds.map { $0.name }
        return ValueForm(
            summary: Quote.markdownChoices(names), schema: .choice(names),
            read: { field in
                let name = field.choice(names)
                return kinds.first { $0.name == name }?.kind
            },
            write: { .plain($0.name) })
    }

    /// "`webhook` receives Rollguard's own JSON, …"
    private var kindSentence: String {
        kinds.map { "`\($0.name)` \($0.sentence)" }.joined(separator: ", ") + " ([details](receivers.md))"
    }

    /// Refuses a receiver without a field that its kind needs.
    private var kindSetting: Setting<ReceiverPlan> {
        let setting = Setting.required("kind", \ReceiverPlan.kind, kind, kindSentence)
        return setting.reading { fields, plan in
            guard setting.read(fields, &plan) else { return false }
            let needed = kinds.first { $0.name == plan.kind.name }?.requiredFields ?? []
            return needed.reduce(true) { fields.requiredOne(of: $1) != nil && $0 }
        }
    }

    private var addressDefault: String {
        let known = kinds.filter { $0.defaultURL != nil && $0.defaultURL != "" }.map { "`\($0.name)`" }.joined(
            separator: ", ")
        return "one of " + Self.addresses.map { "`\($0)`" }.joined(separator: ", ")
            + "; that of the service for \(known)"
    }

    /// Some services have one address for all.
    private func readAddress(_ url: Setting<ReceiverPlan>, _ fields: Fields, _ plan: inout ReceiverPlan) -> Bool {
        let kind = kinds.first { $0.name == plan.kind.name }
        if let own = kind?.addressField, fields.has(own) {
            let name = Self.addresses.first(where: fields.has)
            name.map { fields[$0]?.fail("'\($0)' and '\(own)' are both there; keep one of them") }
            return name == nil
        }
        let known = kind?.defaultURL
        if known == "", let name = Self.addresses.first(where: fields.has) {
            fields[name]?.fail("'\(name)' is no field of the kind \(plan.kind.name); use 'server'")
            return false
        }
        if let known,
            !Self.addresses.contains(where: fields.has)
        {
            plan.url = known
            return true
        }
        guard fields.requiredOne(of: Self.addresses) != nil else { return false }
        return url.read(fields, &plan)
    }

    private func identity(_ names: UniqueNames) -> [Setting<ReceiverPlan>] {
        let url = Setting.optional(
            "url", \ReceiverPlan.writtenURL, .url(), shownDefault: addressDefault,
            "the address. That of a chat's webhook is a credential: keep it in a file. It is read at each try, and "
                + "shown nowhere")
        return [
            .required("name", \.name, names.form, "identifies the receiver"),
            kindSetting,
            url.reading { fields, plan in readAddress(url, fields, &plan) },
            .secret("url", \.urlSecret, folder, "the file or the environment variable that holds the address")
                .shown(default: addressDefault),
            .secret("secret", \.secret, folder, "key of the signature"),
        ]
    }

    /// Templates are checked with sample events, when the configuration is read.
    private var texts: [Setting<ReceiverPlan>] {
        [
            template("title", \.titleTemplate, "the title of messages; a [template](receivers.md#templates)"),
            template(
                "text", \.textTemplate,
                "the text of messages, instead of the ready one; a [template](receivers.md#templates)"),
        ]
    }

    private func template(
        _ name: String, _ path: WritableKeyPath<ReceiverPlan, String?>, _ sentence: String
    ) -> Setting<ReceiverPlan> {
        Setting.optional(name, path, .text, shownDefault: "the ready one", sentence).reading { fields, plan in
            guard let field = fields[name] else { return !fields.has(name) }
            guard let template = field.text() else { return false }
            let kind = kinds.first { $0.name == plan.kind.name }
            guard let problem = kind?.templateProblem(template) else {
                plan[keyPath: path] = template
                return true
            }
            let place = problem.offset.flatMap { TextPlaces(field.value)?.place($0) } ?? field.value.place
            field.log.error(place, "'\(name)' cannot be used: \(problem.reason)")
            return false
        }
    }

    /// Refused beside a kind whose messages are about one subject each.
    private var groupWait: Setting<ReceiverPlan> {
        let setting = Setting.value(
            "group_wait", \ReceiverPlan.groupWaitMs, .duration(0...300_000),
            "a notification waits so long for the same event of other releases, and all are one message; "
                + "[grouping](receivers.md#grouping)")
        return setting.reading { fields, plan in
            guard setting.read(fields, &plan) else { return false }
            guard plan.groupWaitMs > 0, let kind = kinds.first(where: { $0.name == plan.kind.name }),
                !kind.isReadByPeople
            else { return true }
            fields["group_wait"]?.fail(
                "the kind \(kind.name) reports each release by itself; remove 'group_wait'")
            return false
        }
    }

    private var delivery: [Setting<ReceiverPlan>] {
        [
            .value("timeout", \.timeoutMs, .duration(), "limit of one try"),
            .headers("headers", \.headers, "sent with each call; one that carries a credential is refused, use `auth`"),
            .section(
                "retry", \.retry, RetryBounds.section(Self.blank.retry),
                "pauses between tries"),
            .value("give_up_after", \.giveUpAfterMs, .duration(), "then the notification goes to the dead letters"),
            groupWait,
            .value("send_resolved", \.sendsResolved, .bool, "send resolved alerts too"),
        ]
    }
}

extension ReceiverPlan {
    /// The address as a configuration has it; nil where it is kept elsewhere. One that is a credential is written
    /// without its path: `url_file` keeps it out of the configuration.
    var writtenURL: String? {
        get {
            guard urlSecret == nil, !url.isEmpty else { return nil }
            guard kind.hasSecretAddress, let scheme = url.firstRange(of: "://") else { return url }
            let host = url[scheme.upperBound...].prefix { $0 != "/" }
            return url[..<scheme.upperBound] + host + "/" + Redaction.mask
        }
        set { url = newValue ?? "" }
    }
}
