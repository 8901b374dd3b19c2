import Support

/// One admin address of the plan: `http://127.0.0.1:2019`, with or without a path in front of the API's.
struct InstanceAddress: Sendable, Equatable {
    /// As requests need it, without a trailing slash; may hold credentials.
    let url: String
    /// As people may see it.
    let name: String
    /// A password in the address, to be masked in answers.
    let password: String?

    init(_ text: String) throws(RouterPlanError) {
        let shown = Redaction.url(text)
        guard let rest = InstanceAddress.afterScheme(text) else {
            throw RouterPlanError("the instance \"\(ShownText.line(shown))\" must begin with http:// or https://")
        }
        let authority = rest.prefix { $0 != "/" }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        guard !host.isEmpty, !host.hasPrefix(":") else {
            throw RouterPlanError("the instance \"\(ShownText.line(shown))\" names no host")
        }
        let isPlain = text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7F && $0 != "?" && $0 != "#" }
        guard isPlain else {
            throw RouterPlanError(
                "the instance \"\(ShownText.line(shown))\" must be an address alone, without spaces, '?' or '#'")
        }
        url = InstanceAddress.trimmed(text)
        name = InstanceAddress.trimmed(shown)
        password = InstanceAddress.password(authority)
    }

    /// All of a plan's, in order.
    static func all(_ texts: [String]) throws(RouterPlanError) -> [InstanceAddress] {
        guard !texts.isEmpty else {
            throw RouterPlanError("no instance is named; write instances: [\"http://HOST:PORT\"]")
        }
        var found: [InstanceAddress] = []
        for text in texts {
            let address = try InstanceAddress(text)
            guard !found.contains(where: { $0.name == address.name }) else {
                throw RouterPlanError("the instance \(address.name) is named twice")
            }
            found.append(address)
        }
        return found
    }

    private static func afterScheme(_ text: String) -> Substring? {
        for scheme in ["http://", "https://"] where text.lowercased().hasPrefix(scheme) {
            return text.dropFirst(scheme.count)
        }
        return nil
    }

    private static func trimmed(_ text: String) -> String {
        var kept = Substring(text)
        while kept.hasSuffix("/") { kept.removeLast() }
        return String(kept)
    }

    private static func password(_ authority: Substring) -> String? {
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
            return nil
        }
        return String(authority[authority.index(after: colon)..<at])
    }
}
