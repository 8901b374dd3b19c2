import Support

/// Where a step goes: an absolute address, or a path on the instance.
///
/// Scheme, host and port are written in the plan; no value, least of all one out of an answer, can lead the call (and its
/// credentials) to another host.
struct StepTarget: Sendable {
    let template: Template
    /// The instance's address goes in front.
    let isRelative: Bool

    init(_ text: String, names: TemplateNames) throws(RouterPlanError) {
        let shown = ShownText.line(Redaction.url(text), limit: 120)
        let here = "${instance}"
        let path = text.hasPrefix(here) ? String(text.dropFirst(here.count)) : text
        isRelative = path.isEmpty || path.hasPrefix("/")
        if !isRelative {
            guard let authority = StepTarget.authority(path) else {
                throw RouterPlanError(
                    "the url \"\(shown)\" must be a path (/config) or begin with http://, https:// or ${instance}/")
            }
            guard !authority.isEmpty, !authority.contains("$") else {
                throw RouterPlanError("the url \"\(shown)\" must name its host; a template may only follow it")
            }
        }
        template = try Template(path, names: names)
        for case .literal(let literal) in template.parts where !StepTarget.isPlain(literal) {
            throw RouterPlanError(
                "the url \"\(shown)\" holds a space, a '#' or a character that must be percent-encoded")
        }
    }

    /// - Throws: ``Refusal`` when a value cannot be part of a URL.
    func url(_ address: InstanceAddress, _ scope: TemplateScope) throws(Refusal) -> String {
        let filled = try template.address(scope)
        guard StepTarget.isPlain(filled) else {
            throw Refusal(
                .rejected, "a value with the filter raw cannot be part of a url: \(ShownText.line(filled, limit: 80))")
        }
        return isRelative ? address.url + filled : filled
    }

    /// As people may see it: without credentials, and with the values of fields that are named like secrets masked.
    func shown(_ address: InstanceAddress, _ scope: TemplateScope) -> String {
        let filled = (try? template.address(scope)) ?? ""
        let whole = isRelative ? address.name + filled : StepTarget.withoutUser(filled)
        guard let mark = whole.firstIndex(of: "?") else { return whole }
        let query = whole[whole.index(after: mark)...]
        return whole[...mark] + FormFields.masked(String(query))
    }

    private static func authority(_ text: String) -> Substring? {
        for scheme in ["http://", "https://"] where text.lowercased().hasPrefix(scheme) {
            return text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        }
        return nil
    }

    private static func withoutUser(_ url: String) -> String {
        guard let authority = authority(url), let at = authority.lastIndex(of: "@") else { return url }
        return String(url[..<authority.startIndex] + url[url.index(after: at)...])
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
    }
}

/// `a=1&token=x`: a query, or the body of a form.
enum FormFields {
    /// Values of fields named like secrets become the mask.
    static func masked(_ text: String) -> String {
        text.split(separator: "&", omittingEmptySubsequences: false).map { field in
            guard let equals = field.firstIndex(of: "="), SecretName.matches(String(field[..<equals])) else {
                return String(field)
            }
            return field[...equals] + Redaction.mask
        }.joined(separator: "&")
    }
}
