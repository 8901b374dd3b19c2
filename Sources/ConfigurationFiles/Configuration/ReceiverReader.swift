import Model
import Support

/// `receivers`: who is notified.
struct ReceiverReader {
    let folder: ConfigurationFolder

    var form: ValueForm<[ReceiverPlan]> {
        let section = section(names: UniqueNames(what: "receiver"))
        return ValueForm(
            summary: "list of mappings", schema: .array(of: section.schema),
            read: { $0.entries(of: "receivers")?.compactMap { section.read($0) } },
            write: { .list($0.map(section.tree)) })
    }

    func section(names: UniqueNames) -> Section<ReceiverPlan> {
        Section(
            owner: "a receiver", blank: ReceiverPlan(name: "", kind: .webhook, url: ""),
            settings: identity(names) + delivery + ReceiverKinds.settings + Setting.security(\.security, folder),
            exactlyOne: [["url", "url_file", "url_env"]])
    }

    private func identity(_ names: UniqueNames) -> [Setting<ReceiverPlan>] {
        let url = Setting.optional(
            "url", \ReceiverPlan.writtenURL, .url(),
            "the address. That of a chat's webhook is a credential: keep it in a file. It is read at each try, and "
                + "shown nowhere")
        return [
            .required("name", \.name, names.form, "identifies the receiver"),
            .required("kind", \.kind, .choice(ReceiverPlan.Kind.self), ReceiverKinds.sentence),
            url,
            .secret("url", \.urlSecret, folder, "the file or the environment variable that holds the address"),
            .secret("secret", \.secret, folder, "key of the signature"),
        ]
    }

    private var delivery: [Setting<ReceiverPlan>] {
        [
            .value("timeout", \.timeoutMs, .duration(), "limit of one try"),
            .headers("headers", \.headers, "sent with each call; one that carries a credential is refused, use `auth`"),
            .section(
                "retry", \.retry, RetryBounds.section(ReceiverPlan(name: "", kind: .webhook, url: "").retry),
                "pauses between tries"),
            .value("give_up_after", \.giveUpAfterMs, .duration(), "then the notification goes to the dead letters"),
            .value("send_resolved", \.sendsResolved, .bool, "send resolved alerts too"),
        ]
    }
}

extension ReceiverPlan {
    /// The address as a configuration has it; nil where it is kept elsewhere. One that is a credential is written
    /// without its path: `url_file` keeps it out of the configuration.
    var writtenURL: String? {
        get {
            guard urlSecret == nil else { return nil }
            guard kind.hasSecretAddress, let scheme = url.firstRange(of: "://") else { return url }
            let host = url[scheme.upperBound...].prefix { $0 != "/" }
            return url[..<scheme.upperBound] + host + "/" + Redaction.mask
        }
        set { url = newValue ?? "" }
    }
}
