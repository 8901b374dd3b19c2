import Support

/// Why an address cannot be used. Its text never holds a credential.
package struct AddressError: Error {
    package let reason: String

    package init(reason: String) { self.reason = reason }
}

/// `host:port`, where an IPv6 address is written in brackets.
package struct HostPort: Equatable {
    /// Without brackets.
    package let host: String
    package let port: Int?

    package init(_ text: String) throws(AddressError) {
        let portText: Substring?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { throw AddressError(reason: "the bracket is not closed") }
            host = String(text[text.index(after: text.startIndex)..<close])
            guard HostPort.isIPv6(host) else { throw AddressError(reason: "there is no IPv6 address in the brackets") }
            let rest = text[text.index(after: close)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw AddressError(reason: "a port follows the bracket as ':9090'")
            }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { throw AddressError(reason: "an IPv6 address is written in brackets") }
            guard let name = parts.first, !name.isEmpty else { throw AddressError(reason: "the host is missing") }
            host = String(name)
            guard host.utf8.allSatisfy(HostPort.isNameByte) else {
                throw AddressError(reason: "the host may have letters, digits, '-', '.' and '_'")
            }
            portText = parts.count == 2 ? parts[1] : nil
        }
        guard let portText else {
            port = nil
            return
        }
        guard portText.utf8.count <= 5, portText.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(portText),
            number <= 65_535
        else { throw AddressError(reason: "the port must be a number up to 65535") }
        port = number
    }

    package var shownHost: String { host.contains(":") ? "[\(host)]" : host }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Roughly: what cannot be one is refused, the resolver decides. A zone (`%eth0`) is allowed.
    private static func isIPv6(_ text: String) -> Bool {
        let address = text.prefix { $0 != "%" }
        return address.contains(":") && address.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
            && text.dropFirst(address.count).dropFirst().utf8.allSatisfy(isNameByte)
    }
}

/// An http or https URL.
package struct WebAddress {
    package let scheme: String
    package let hostPort: HostPort
    /// Path and query; empty, or begins with `/` or `?`.
    package let rest: String

    package static let credentialReason =
        "a user name or password must not be part of an address; use 'auth' with password_file or password_env"

    package static func isURL(_ text: String) -> Bool { text.contains("://") }

    package init(_ text: String) throws(AddressError) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw AddressError(reason: "blanks and letters outside ASCII have to be percent-encoded")
        }
        guard let separator = text.firstRange(of: "://") else {
            throw AddressError(reason: "it has to begin with http:// or https://")
        }
        scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw AddressError(reason: "it has to begin with http:// or https://")
        }
        let afterScheme = text[separator.upperBound...]
        let authority = afterScheme.prefix { !["/", "?", "#"].contains($0) }
        rest = String(afterScheme.dropFirst(authority.count))
        // Also behind the authority: a password with a '/' in it ends the authority early.
        guard !authority.contains("@") else {
            throw AddressError(
                reason: WebAddress.credentialReason)
        }
        guard !rest.contains("#") else { throw AddressError(reason: "a fragment ('#…') is never sent; remove it") }
        guard Redaction.url(text).hasPrefix(text.prefix(upTo: authority.endIndex)) else {
            throw AddressError(
                reason: WebAddress.credentialReason)
        }
        hostPort = try HostPort(String(authority))
        if hostPort.port == 0 { throw AddressError(reason: "port 0 cannot be connected to") }
    }

    package var port: Int { hostPort.port ?? (scheme == "https" ? 443 : 80) }

    /// Two addresses with the same identity reach the same endpoint.
    package var identity: String { "\(hostPort.shownHost.lowercased()):\(port)\(rest.isEmpty ? "/" : rest)" }
}

extension Field {
    /// An http or https URL. The text in messages has no credentials in it.
    package func url(allowsQuery: Bool = true) -> (text: String, address: WebAddress)? {
        guard let text = line(limit: 4_000) else { return nil }
        do throws(AddressError) {
            let address = try WebAddress(text)
            guard allowsQuery || !address.rest.contains("?") else {
                throw AddressError(reason: "an instance's address has no query")
            }
            return (text, address)
        } catch {
            fail("\(label) must be a URL, got \(Quote.value(Redaction.url(text))); \(error.reason)")
            return nil
        }
    }

    /// An http or https URL that paths are appended to, without a slash at its end.
    package func baseURL() -> String? {
        guard let (text, address) = url() else { return nil }
        guard text.utf8.count <= Field.baseURLLimitBytes, !address.rest.contains("?") else {
            fail("\(label) must be a URL without a query, of at most \(Field.baseURLLimitBytes) bytes")
            return nil
        }
        return String(text.prefix(text.count - text.reversed().prefix { $0 == "/" }.count))
    }

    /// A link has to fit into a chat message beside its text.
    private static let baseURLLimitBytes = 500

    /// One http or https address per instance, each once.
    package func instances() -> [String]? {
        guard let entries = entries(of: "URLs") else { return nil }
        if entries.isEmpty { fail("\(label) is empty; it needs one URL per instance of the router") }
        var seen: Set<String> = []
        var urls: [String] = []
        for entry in entries {
            guard let (text, address) = entry.url(allowsQuery: false) else { continue }
            guard seen.insert(address.identity).inserted else {
                entry.fail("\(Quote.value(text)) is listed in \(label) twice")
                continue
            }
            urls.append(text)
        }
        return urls.count == entries.count && !urls.isEmpty ? urls : nil
    }
}
