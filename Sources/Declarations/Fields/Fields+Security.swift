package import Model

/// What several parts of a configuration share: secrets by reference and headers.
extension Fields {
    /// `NAME_file` or `NAME_env`; nil without either, or after telling what is wrong.
    package func secret(_ name: String, _ folder: ConfigurationFolder) -> SecretReference? {
        one(of: ["\(name)_file", "\(name)_env"]).flatMap { reference($0, folder) }
    }

    private func reference(_ name: String, _ folder: ConfigurationFolder) -> SecretReference? {
        guard let field = self[name], let text = field.line() else { return nil }
        if name.hasSuffix("_file") { return .file(folder.path(text)) }
        guard NameRules.isVariable(text) else {
            // The value may be the secret itself.
            field.fail("'\(name)' must be the name of an environment variable: letters, digits and '_'")
            return nil
        }
        return .environment(text)
    }

    /// `headers`, in the file's order.
    package func headers() -> [TextPair] {
        guard let pairs = self["headers"]?.pairs() else { return [] }
        var seen: Set<String> = []
        var headers: [TextPair] = []
        for (name, namePlace, field) in pairs {
            guard NameRules.isHeader(name) else {
                field.log.error(namePlace, "\(Quote.value(name)) is not a valid header name")
                continue
            }
            guard seen.insert(name.lowercased()).inserted else {
                field.log.error(namePlace, "the header \(Quote.value(name)) is given twice; case does not matter")
                continue
            }
            guard let value = field.text() else { continue }
            // A template takes its value from an answer, so that it is no secret in the file.
            if SecretFields.isSecretHeader(name), !value.contains("${") {
                field.log.error(
                    namePlace,
                    "a secret must not be written in the file; use 'auth' with 'header' and 'value_file' or "
                        + "'value_env'")
                continue
            }
            guard value.unicodeScalars.allSatisfy({ Quote.isShowable($0) || $0 == "\t" }) else {
                field.fail("the header \(Quote.value(name)) has a line break or another control character in it")
                continue
            }
            headers.append(TextPair(name, value))
        }
        return headers
    }
}

/// The characters that names may have.
package enum NameRules {
    /// Releases and receivers: they are used in addresses, file names and incident ids.
    package static func isIdentifier(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first) || isDigit(first), name.utf8.count <= 63 else {
            return false
        }
        return name.utf8.allSatisfy { isLetter($0) || isDigit($0) || [0x2D, 0x2E, 0x5F].contains($0) }
    }

    /// Environment variables, and labels as Prometheus has them.
    package static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first) || first == 0x5F, name.utf8.count <= 200 else {
            return false
        }
        return name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == 0x5F }
    }

    /// RFC 9110, "token".
    package static func isHeader(_ name: String) -> Bool {
        (1...200).contains(name.utf8.count)
            && name.utf8.allSatisfy { isLetter($0) || isDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
