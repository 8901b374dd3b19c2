import Declarations
import Model
import Support

/// `listen`: where the API listens, and who may change something.
struct ListenReader {
    let folder: ConfigurationFolder
    /// Where the tokens are noted.
    var knownTokens = KnownTokens()
    /// What holds where neither a token nor `changes` is set.
    var allowsLoopbackChanges = false
    /// Knows certificates and keys.
    var judgingTLS: TLSJudge = { _ in [] }

    /// `127.0.0.1:9411`, or a mapping.
    var form: ValueForm<ListenPlan> {
        let section = section
        return ValueForm(
            summary: "`host:port` or mapping", schema: .mapping(section.schema, or: .string(pattern: ":[0-9]+$")),
            read: { field in
                guard case .text = field.value.content else { return section.read(field) }
                var plan = address(field)
                plan?.allowsLoopbackChanges = allowsLoopbackChanges
                return plan
            },
            write: section.tree)
    }

    var section: Section<ListenPlan> {
        Section(
            owner: "'listen'", blank: ListenPlan(),
            settings: [
                .value(
                    "address", \.address, addressForm,
                    "port 0 takes a free one; an IPv6 address is written in brackets"),
                .secret("token", \.token, folder, "the bearer token for calls that change something"),
                TokensReader(folder: folder, known: knownTokens).setting,
                Setting.value(
                    "names", \.names, namesForm, shownDefault: "none", Self.namesSentence
                ).written { !$0.names.isEmpty },
                changes,
                .optional("tls", \.tls, tlsForm, Self.tlsSentence),
            ],
            finish: { plan, fields in
                if plan.asksForToken, !fields.has("tls") { warnOfClearText(plan, fields["address"]) }
                return !fields.has("address") || fields["address"].flatMap(address) != nil
            })
    }

    private static let namesSentence =
        "host names, without ports, under which callers know the API. A request whose `Host` is none of these, no IP "
        + "address, not `localhost`, not the host of `address` and not the machine's own name is refused, also one "
        + "that only reads: a web page can have its own name point here. A caller with the token may use any name"

    private static let tlsSentence =
        "the API [speaks TLS](api.md#who-may-change-something) at `address`, with this certificate and key. Both are "
        + "read at the start and at each reload; `check` refuses files that are missing, not PEM, or do not belong "
        + "together, and warns of a key that all users can read and of a certificate outside its validity"

    private static let changesSentence =
        "who may change something. `socket`: only who can open `rollguard.sock` in the `state` folder, which the "
        + "command line finds by itself. `loopback`: also callers from 127.0.0.0/8 and `::1` that show no sign of a "
        + "proxy; for machines where every user and every proxy may roll back. `rollguard run "
        + "--allow-loopback-changes`, or the environment variable `ROLLGUARD_ALLOW_LOOPBACK_CHANGES=1`, makes "
        + "`loopback` the default where neither a token nor `changes` is set"

    /// What it means depends on whether there is a token, which is read before.
    private var changes: Setting<ListenPlan> {
        let names = ["token", "socket", "loopback"]
        return Setting(
            names: ["changes"], summary: Quote.markdownChoices(names),
            shownDefault: .text("`token` with a token, else `socket`"), sentence: Self.changesSentence,
            properties: [("changes", .choice(names))],
            read: { fields, plan in
                let hasToken = plan.asksForToken
                plan.allowsLoopbackChanges =
                    fields.has("changes")
                    ? fields["changes"].map { allowsLoopbackChanges($0, hasToken: hasToken) } ?? false
                    : allowsLoopbackChanges && !hasToken
                return true
            },
            write: { plan in
                let name = plan.allowsLoopbackChanges ? "loopback" : plan.asksForToken ? "token" : "socket"
                return [("changes", .plain(name))]
            })
    }

    private var addressForm: ValueForm<SocketAddress> {
        ValueForm(
            summary: "`host:port`", schema: .string(pattern: ":[0-9]+$"),
            read: { address($0)?.address }, write: { .text($0.text) })
    }

    private var namesForm: ValueForm<[String]> {
        ValueForm(
            summary: "list of names", schema: .array(of: .scalar), read: names,
            write: { .list($0.map { .text($0) }) })
    }

    private func warnOfClearText(_ plan: ListenPlan, _ address: Field?) {
        guard let address, plan.host != "localhost", !NetworkName.isLoopback(address: plan.host) else { return }
        address.log.warning(
            address.place,
            "the token goes to \(plan.host) without TLS and can be read on the network; add 'tls' to 'listen', or "
                + "listen on loopback behind a proxy that speaks TLS")
    }

    private var tlsForm: ValueForm<ListenTLS> {
        Section(
            owner: "'tls'", blank: ListenTLS(certificateFile: "", keyFile: ""),
            settings: [
                .required(
                    "cert_file", \.certificateFile, .path(folder),
                    "the certificate (PEM), followed by those between it and the authority"),
                .required("key_file", \.keyFile, .path(folder), "its key (PEM, without a pass phrase)"),
            ],
            finish: { tls, fields in
                for remark in judgingTLS(tls) {
                    guard let field = fields[remark.isAboutKey ? "key_file" : "cert_file"] else { continue }
                    if remark.isError { field.fail(remark.text) } else { field.log.warning(field.place, remark.text) }
                }
                return true
            }
        ).form()
    }

    /// Names as `Host` has them, without ports.
    private func names(_ field: Field) -> [String] {
        guard let entries = field.entries(of: "names") else { return [] }
        if entries.count > ListenReader.nameLimit {
            field.fail("'names' has more than \(ListenReader.nameLimit) entries")
        }
        return entries.compactMap { entry in
            guard let text = entry.line() else { return nil }
            guard let authority = Authority(text), authority.port == nil else {
                entry.fail("\(Quote.value(text)) is not a host name; write it without scheme and port")
                return nil
            }
            return authority.host
        }
    }

    private static let nameLimit = 100

    /// `token` and `socket` say what holds anyway with a token and without one; only `loopback` changes something.
    private func allowsLoopbackChanges(_ field: Field, hasToken: Bool) -> Bool {
        guard let value = field.line() else { return false }
        switch (value, hasToken) {
        case ("token", true), ("socket", false): return false
        case ("loopback", false): return true
        case ("token", false): field.fail("'changes: token' needs a token; add 'token_file' or 'token_env'")
        case ("socket", true), ("loopback", true):
            field.fail(
                "'changes: \(value)' and a token exclude each other: with a token, every caller that has it may change "
                    + "something"
            )
        default: field.fail("'changes' must be token, socket or loopback, got \(Quote.value(value))")
        }
        return false
    }

    private func address(_ field: Field) -> ListenPlan? {
        guard let text = field.line() else { return nil }
        do throws(AddressError) {
            let address = try HostPort(text)
            guard let port = address.port else { throw AddressError(reason: "the port is missing; 0 takes a free one") }
            return ListenPlan(host: address.host, port: port)
        } catch {
            field.fail(
                "\(field.label) must be an address such as 127.0.0.1:9411 or [::1]:9411, got "
                    + "\(Quote.value(text)); \(error.reason)"
            )
            return nil
        }
    }
}

extension ListenPlan {
    var address: SocketAddress {
        get { SocketAddress(host: host, port: port) }
        set { (host, port) = (newValue.host, newValue.port) }
    }
}
