import Declarations
import Model

/// The tokens of `listen`, which is read before the releases whose approvals name them.
final class KnownTokens {
    fileprivate(set) var tokens: [TokenPlan] = []
}

/// `listen.tokens`: several tokens, each with a name and roles.
struct TokensReader {
    private static let limit = 100

    let folder: ConfigurationFolder
    let known: KnownTokens

    var setting: Setting<ListenPlan> {
        let section = section
        return Setting(
            names: ["tokens"], summary: "list of mappings", shownDefault: .text("none"),
            sentence: "several tokens instead of one, each with a name and [roles](#tokens-with-roles)",
            properties: [("tokens", .array(of: section.schema, least: 1))],
            read: { fields, plan in
                guard let field = fields["tokens"] else { return !fields.has("tokens") }
                guard let entries = field.entries(of: "tokens") else { return false }
                guard (1...Self.limit).contains(entries.count) else {
                    field.fail("'tokens' needs 1 to \(Self.limit) entries")
                    return false
                }
                if plan.token != nil {
                    fields.fail(
                        at: fields.namePlace("tokens"),
                        "'listen' has a token and 'tokens'; whoever holds the one may do everything, so keep one of the two"
                    )
                    return false
                }
                plan.tokens = entries.compactMap { section.read($0) }
                refuseNamesakes(plan.tokens, entries)
                known.tokens = plan.tokens
                return plan.tokens.count == entries.count
            },
            write: { $0.tokens.isEmpty ? [] : [("tokens", .list($0.tokens.map(section.tree)))] }
        ).showing { section.rows }
    }

    /// The secret is required; the blank one is never used.
    private var section: Section<TokenPlan> {
        let none = SecretReference.file("")
        return Section(
            owner: "a token", blank: TokenPlan(name: "", secret: none, may: []),
            settings: [
                .required("name", \.name, name, "who holds it, for the journal"),
                .secret("token", \.written, folder, "the token"),
                .required("may", \.may, roles, "what its holder may do, beside reading"),
            ], exactlyOne: [["token_file", "token_env"]])
    }

    private var name: ValueForm<String> {
        ValueForm.line(limit: 63, "name").checked { name, field in
            if NameRules.isIdentifier(name) { return name }
            field.fail(
                "\(Quote.value(name)) cannot name a token; use up to 63 letters, digits, '-', '_' and '.', beginning with "
                    + "a letter or digit")
            return nil
        }
    }

    private var roles: ValueForm<[CallerRole]> {
        let role = ValueForm<CallerRole>.choice(CallerRole.self)
        return ValueForm(
            summary: "list of \(role.summary)", schema: .array(of: role.schema(), least: 1),
            read: { field in
                guard let entries = field.entries(of: "roles") else { return nil }
                if entries.isEmpty { field.fail("'may' is empty; everybody may read, and a token is for more") }
                let roles = entries.compactMap(role.read)
                guard roles.count == entries.count, !roles.isEmpty else { return nil }
                return CallerRole.allCases.filter(roles.contains)
            },
            write: { .list($0.map(role.write)) })
    }

    private func refuseNamesakes(_ tokens: [TokenPlan], _ entries: [Field]) {
        guard tokens.count == entries.count else { return }
        for (index, token) in tokens.enumerated() where tokens[..<index].contains(where: { $0.name == token.name }) {
            entries[index].fail("token \(Quote.name(token.name)) is already in the list; names are unique")
        }
    }
}

extension TokenPlan {
    /// As the configuration has it; nil before it has been read.
    fileprivate var written: SecretReference? {
        get { secret == .file("") ? nil : secret }
        set { secret = newValue ?? .file("") }
    }
}
