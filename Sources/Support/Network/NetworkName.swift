/// What an address or a host name says about where it points, judged from its text alone.
public enum NetworkName {
    /// 127.0.0.0/8, `::1`, and the former as an IPv6 address (`::ffff:127.0.0.1`), which is how a dual-stack socket sees it.
    /// Expects the system's own spelling of an address.
    public static func isLoopback(address: String) -> Bool {
        let lower = address.lowercased()
        if lower == "::1" || lower == "0:0:0:0:0:0:0:1" { return true }
        let plain = lower.hasPrefix("::ffff:") ? String(lower.dropFirst("::ffff:".count)) : lower
        return isIPv4(plain) && plain.hasPrefix("127.")
    }

    /// Four decimal numbers. The shorter and the octal spellings that some resolvers take (`127.1`, `0177.0.0.1`) are
    /// names here.
    public static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }) else {
                    return false
                }
                return part == "0" || (!part.hasPrefix("0") && (Int(part) ?? 256) <= 255)
            }
    }

    public static func isIPv6(_ text: String) -> Bool {
        let isHexOrColon: (UInt8) -> Bool = { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        return text.contains(":") && text.utf8.count <= 45 && text.utf8.allSatisfy(isHexOrColon)
    }
}

/// A host with an optional port, as a `Host` header or an origin writes it: `example.org:8080`, `[::1]:9411`.
public struct Authority: Equatable, Sendable {
    /// Lower case, without brackets.
    public let host: String
    /// Nil where the text has none.
    public let port: Int?

    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= 300 else { return nil }
        var rest = Substring(text.lowercased())
        if rest.first == "[" {
            guard let close = rest.firstIndex(of: "]") else { return nil }
            host = String(rest[rest.index(after: rest.startIndex)..<close])
            guard NetworkName.isIPv6(host) else { return nil }
            rest = rest[rest.index(after: close)...]
        } else {
            let end = rest.firstIndex(of: ":") ?? rest.endIndex
            host = String(rest[..<end])
            guard !host.isEmpty, host.utf8.allSatisfy(Authority.isHostByte) else { return nil }
            rest = rest[end...]
        }
        guard let port = Authority.port(rest) else { return nil }
        self.port = port.value
    }

    public var isAddress: Bool { NetworkName.isIPv4(host) || NetworkName.isIPv6(host) }

    /// The origin's authority, if the text is one (`https://example.org`); the port is always given, from the scheme if
    /// need be.
    public static func origin(_ text: String) -> (scheme: String, host: String, port: Int)? {
        let lower = text.lowercased()
        for (scheme, standardPort) in [("http", 80), ("https", 443)] where lower.hasPrefix(scheme + "://") {
            guard let authority = Authority(String(lower.dropFirst(scheme.count + 3))) else { return nil }
            return (scheme, authority.host, authority.port ?? standardPort)
        }
        return nil
    }

    /// Of `` or `:8080`; nil when it is neither.
    private static func port(_ text: Substring) -> (value: Int?, Void)? {
        guard let colon = text.first else { return (nil, ()) }
        let digits = text.dropFirst()
        guard colon == ":", (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        guard let value = Int(digits), value <= 65_535 else { return nil }
        return (value, ())
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
