/// A mapping whose fields are known. Unknown ones are reported when it is created.
package struct Fields {
    package let owner: String
    package let place: Place
    private let value: YAMLValue
    private let log: DiagnosticLog
    /// Set when `baseline` and `canary` go by other names here.
    private let sides: SideNames?

    /// - Parameter sides: what the fields `baseline` and `canary` may be called as well.
    package init(_ value: YAMLValue, of owner: String, known: [String], log: DiagnosticLog, sides: SideNames? = nil) {
        self.owner = owner
        self.log = log
        place = value.place
        guard case .mapping(let written) = value.content else {
            self.value = value
            self.sides = nil
            return
        }
        let renamed = sides?.renamed(written, known: known)
        let members = renamed ?? written
        self.sides = renamed == nil ? nil : sides
        self.value = YAMLValue(content: .mapping(members), place: value.place)
        for member in members where !known.contains(member.name) && !log.isFull { refuse(member, known: known) }
    }

    /// The field; nil when it is not there, or after reporting that it has no value.
    package subscript(name: String) -> Field? {
        guard let member = value.member(name) else { return nil }
        let field = Field(label: "'\(shown(name))'", value: member.value, log: log)
        if member.value.isUnusable { return nil }
        guard member.value.isNothing else { return field }
        log.error(member.namePlace, "'\(shown(name))' in \(owner) has no value; give it one or remove the field")
        return nil
    }

    package func has(_ name: String) -> Bool { value.member(name) != nil }

    /// The field, also one without a value, where `null` is a value.
    package func present(_ name: String) -> Field? {
        value.member(name).map { Field(label: "'\(shown(name))'", value: $0.value, log: log) }
    }

    /// The place of the field's name, or of the mapping where there is no such field.
    package func namePlace(_ name: String) -> Place { value.member(name)?.namePlace ?? place }

    /// The field; its absence is reported.
    package func required(_ name: String) -> Field? {
        if !has(name) { fail("\(owner) needs '\(shown(name))'") }
        return self[name]
    }

    package func fail(_ text: String) { log.error(place, text) }

    package func fail(at place: Place, _ text: String) { log.error(place, text) }

    package func warn(at place: Place, _ text: String) { log.warning(place, text) }

    private func shown(_ name: String) -> String { sides?.written(name) ?? name }

    /// Exactly one of the fields; nil after reporting that there is none, or more than one.
    package func requiredOne(of names: [String]) -> String? {
        let present = names.filter(has)
        // A secret in the file itself has been reported, with the fields to use instead.
        let hasInline = names.contains { $0.hasSuffix("_file") && has(String($0.dropLast("_file".count))) }
        if present.isEmpty, !hasInline { fail("\(owner) needs \(Quote.choices(names))") }
        refuseSeveral(present)
        return present.count == 1 ? present.first : nil
    }

    /// At most one of the fields.
    package func one(of names: [String]) -> String? {
        let present = names.filter(has)
        refuseSeveral(present)
        return present.count == 1 ? present.first : nil
    }

    private func refuseSeveral(_ present: [String]) {
        guard present.count > 1, let last = present.last else { return }
        let names = present.map { "'\($0)'" }.joined(separator: " and ")
        log.error(namePlace(last), "\(owner) has \(names); keep one of them")
    }

    private func refuse(_ member: YAMLValue.Member, known: [String]) {
        let name = member.name
        if let text = SecretFields.refusal(of: name, known: known) { return log.error(member.namePlace, text) }
        if let text = UnsupportedFields.refusal(of: name, known: known) { return log.error(member.namePlace, text) }
        var hint = Quote.suggestion(for: name, among: known)
        if hint.isEmpty { hint = "; it has " + known.map { "'\(shown($0))'" }.joined(separator: ", ") }
        log.error(member.namePlace, "unknown field \(Quote.value(name)) in \(owner)\(hint)")
    }
}

/// Secrets that are in the file itself. The message never shows the value.
package enum SecretFields {
    /// Fields of ours that have a `…_file` and a `…_env` form.
    private static let referenced = [
        "secret", "token", "password", "bearer", "value", "key", "bot_token", "app_token", "user_key", "routing_key",
        "api_key",
    ]
    private static let revealing = [
        "secret", "password", "passwd", "passphrase", "token", "bearer_token", "api_key", "apikey", "credentials",
        "authorization", "basic_auth",
    ]

    package static func refusal(of name: String, known: [String]) -> String? {
        let sentence = "a secret must not be written in the file"
        let references = ["\(name)_file", "\(name)_env"].filter(known.contains)
        if referenced.contains(name), !references.isEmpty { return "\(sentence); use \(Quote.choices(references))" }
        guard revealing.contains(name.lowercased()) else { return nil }
        let places = known.filter { ["secret_file", "token_file", "bearer_file", "auth"].contains($0) }
        return "\(sentence); "
            + (places.isEmpty ? "name a file or an environment variable" : "use \(Quote.choices(places))")
    }

    /// A header that carries a credential.
    package static func isSecretHeader(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["authorization", "cookie", "token", "secret", "password", "api-key", "apikey"].contains {
            name.contains($0)
        }
    }
}

/// Fields of Prometheus and of later versions, reported with what to write instead.
package enum UnsupportedFields {
    /// Names that other tools give to `match` of a pool; none of them is a field here.
    private static let namesOfMatch: Set<String> = [
        "select", "selector", "selectors", "labels", "label", "indicators", "matchers", "matches", "filter", "filters",
        "where", "series", "query",
    ]

    package static let ofRules = ["expr", "record", "interval"]

    package static func refusal(of name: String, known: [String]) -> String? {
        if known.contains("match"), known.contains("targets"), namesOfMatch.contains(name) {
            return
                "unknown field '\(name)' in a pool; did you mean 'match'? It picks the pool's series by their labels, "
                + "for all indicators: match: {server: new1}, or match: '{server=~\"new.*\"}'"
        }
        let instead =
            "write 'indicator' and 'when' instead, for example 'indicator: error_rate' and 'when: canary > 1%'"
        guard known.contains("alert") || known.contains("rules") && known.contains("name") else {
            return nil
        }
        switch name {
        case "expr": return "'expr' (PromQL) is not supported by this version; \(instead)"
        case "record": return "'record' (recording rules) is not supported by this version; \(instead)"
        case "interval" where !known.contains("scrape"):
            return "'interval' is not supported in rules: they are judged after every scrape, "
                + "as often as 'scrape.interval' of the release says; remove it"
        default: return nil
        }
    }
}
