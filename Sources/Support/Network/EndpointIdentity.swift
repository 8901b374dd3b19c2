/// What is scraped at an address, however the address is spelled: equal identities are one endpoint.
///
/// Names are not looked up, so two names of one machine stay apart; all spellings of this machine's loopback address are
/// one, and so are an IP address's. The order of a query's parameters, a `/` at the path's end, the default port and
/// percent-encoding that changes nothing do not count. Source: RFC 3986, section 6.2.2.
public struct EndpointIdentity: Sendable, Hashable {
    public let unixSocket: String?
    /// In lower case, IP addresses in one form, `localhost` for the loopback addresses.
    public let host: String
    public let port: Int
    /// Without a `/` at its end.
    public let path: String
    /// Sorted.
    public private(set) var query: [String]
    /// One of several addresses of the host; nil where the host is looked up.
    public let address: String?

    /// - Parameters:
    ///   - url: an absolute http or https URL that has been validated.
    ///   - address: numeric, to which the connection is made in place of the host's own.
    public init(url: String, unixSocket: String? = nil, address: String? = nil) {
        let (scheme, rest) = EndpointIdentity.split(url[...], at: "://")
        let isSecure = scheme.lowercased() == "https"
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let withoutUser = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        let (host, port) = EndpointIdentity.hostAndPort(withoutUser)
        let target = rest.dropFirst(authority.count).prefix { $0 != "#" }
        let (path, query) = EndpointIdentity.split(target, at: "?")
        self.unixSocket = unixSocket
        self.address = address
        self.host = HostIdentity.canonical(host.lowercased())
        self.port = port ?? (isSecure ? 443 : 80)
        self.path = EndpointIdentity.canonicalPath(path)
        self.query = query.split(separator: "&").map(PercentEncoding.normalized).sorted()
    }

    /// The endpoint itself, whatever is asked of it.
    public var withoutQuery: EndpointIdentity {
        var endpoint = self
        endpoint.query = []
        return endpoint
    }

    private static func split(_ text: Substring, at mark: String) -> (Substring, Substring) {
        guard let range = text.firstRange(of: mark) else { return (text, "") }
        return (text[..<range.lowerBound], text[range.upperBound...])
    }

    private static func hostAndPort(_ authority: Substring) -> (host: Substring, port: Int?) {
        if authority.hasPrefix("[") {
            let host = authority.dropFirst().prefix { $0 != "]" }
            return (host, Int(authority.dropFirst(host.count + 2).drop { $0 == ":" }))
        }
        let (host, port) = split(authority, at: ":")
        return (host, Int(port))
    }

    /// Without `.` and `..`, and without empty segments at the end.
    private static func canonicalPath(_ path: Substring) -> String {
        var segments: [String] = []
        for segment in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            switch PercentEncoding.normalized(segment) {
            case ".": continue
            case "..": if !segments.isEmpty { segments.removeLast() }
            case let plain: segments.append(plain)
            }
        }
        while segments.last == "" { segments.removeLast() }
        return "/" + segments.joined(separator: "/")
    }
}

/// Undoes percent-encoding where the plain character means the same.
private enum PercentEncoding {
    /// `%7Ea%2f` as `~a%2F`.
    static func normalized(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = hex(bytes[index + 1]),
                let low = hex(bytes[index + 2])
            {
                let byte = high << 4 | low
                result += isUnreserved(byte) ? [byte] : [bytes[index], digit(high), digit(low)]
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 55 + value }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._~".utf8.contains(byte)
        }
    }
}

/// One form for each host.
private enum HostIdentity {
    static func canonical(_ host: String) -> String {
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        if name == "localhost" || name.hasSuffix(".localhost") { return "localhost" }
        if let address = ipv4(name[...]) { return shown(address) }
        guard name.contains(":"), let groups = ipv6(name[...]) else { return name }
        if groups.dropLast(2).allSatisfy({ $0 == 0 }), groups[6] == 0, groups[7] <= 1 { return "localhost" }
        // An IPv4 address that is written as an IPv6 one reaches the same socket.
        if groups.prefix(5).allSatisfy({ $0 == 0 }), groups[5] == 0xFFFF { return shown(groups[6] << 16 | groups[7]) }
        return groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    /// 127.0.0.1, and 0.0.0.0, which reaches it.
    private static func shown(_ address: UInt32) -> String {
        if address == 0x7F00_0001 || address == 0 { return "localhost" }
        return (0..<4).map { String(address >> (24 - 8 * UInt32($0)) & 0xFF) }.joined(separator: ".")
    }

    /// As `inet_aton` and curl read it: `127.1`, `0x7f.1`, `0177.0.0.1` and `2130706433` are 127.0.0.1.
    private static func ipv4(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...4).contains(parts.count) else { return nil }
        var address: UInt32 = 0
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            guard let number = number(part) else { return nil }
            let most: UInt32 = isLast ? .max >> (8 * UInt32(index)) : 255
            guard number <= most else { return nil }
            address |= isLast ? number : number << (24 - 8 * UInt32(index))
        }
        return address
    }

    /// Hexadecimal after `0x`, octal after `0`, else decimal.
    private static func number(_ part: Substring) -> UInt32? {
        let isHex = part.hasPrefix("0x")
        let digits = isHex ? part.dropFirst(2) : part
        let radix = isHex ? 16 : part.hasPrefix("0") ? 8 : 10
        // `UInt32` would read a sign as well.
        guard digits.first?.isHexDigit == true else { return nil }
        return UInt32(digits, radix: radix)
    }

    /// Eight groups; nil for a text that is none. A zone (`%eth0`) is not part of the address.
    private static func ipv6(_ text: Substring) -> [UInt32]? {
        var text = text.prefix { $0 != "%" }
        var tail: [UInt32] = []
        if text.contains("."), let colon = text.lastIndex(of: ":") {
            guard let address = ipv4(text[text.index(after: colon)...]) else { return nil }
            tail = [address >> 16, address & 0xFFFF]
            text = text[...colon]
            if !text.hasSuffix("::") { text = text.dropLast() }
        }
        func groups(_ part: Substring) -> [UInt32]? {
            let groups = part.split(separator: ":", omittingEmptySubsequences: false)
            let numbers = part.isEmpty ? [] : groups.map { $0.count <= 4 ? UInt32($0, radix: 16) : nil }
            return numbers.contains(nil) ? nil : numbers.compactMap { $0 }
        }
        guard let gap = text.firstRange(of: "::") else {
            guard let all = groups(text), all.count + tail.count == 8 else { return nil }
            return all + tail
        }
        guard let head = groups(text[..<gap.lowerBound]), let rest = groups(text[gap.upperBound...]) else { return nil }
        let missing = 8 - head.count - rest.count - tail.count
        return missing < 1 ? nil : head + Array(repeating: 0, count: missing) + rest + tail
    }
}
