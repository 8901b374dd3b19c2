/// Recognizes addresses that are reached without a paid or slow link: this machine and private networks. There,
/// compressing a scrape body costs both sides more than sending it.
///
/// Only literal addresses and `localhost` are judged; what a name will resolve to is not known before it is asked for.
enum LocalNetwork {
    static func isNear(url: String, unixSocket: String?) -> Bool {
        unixSocket != nil || isNear(host: host(of: url))
    }

    /// `10.0.0.1` of `http://user@10.0.0.1:9090/metrics`; without the brackets of IPv6.
    private static func host(of url: String) -> String {
        var rest = url[...]
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        rest = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let user = rest.lastIndex(of: "@") { rest = rest[rest.index(after: user)...] }
        if rest.hasPrefix("[") { return rest.dropFirst().prefix { $0 != "]" }.lowercased() }
        return rest.prefix { $0 != ":" }.lowercased()
    }

    private static func isNear(host: String) -> Bool {
        if host == "localhost" || host.hasSuffix(".localhost") { return true }
        if host.contains(":") { return isNearIPv6(host) }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, let first = parts[0], let second = parts[1], !parts.contains(nil) else { return false }
        switch (first, second) {
        case (127, _), (10, _), (172, 16...31), (192, 168), (169, 254): return true
        default: return false
        }
    }

    /// Loopback, unique local (fc00::/7, RFC 4193) and link-local (fe80::/10, RFC 4291).
    private static func isNearIPv6(_ host: String) -> Bool {
        if host == "::1" { return true }
        guard let group = host.split(separator: ":", omittingEmptySubsequences: false).first,
            let first = UInt16(group, radix: 16)
        else { return false }
        return first & 0xFE00 == 0xFC00 || first & 0xFFC0 == 0xFE80
    }
}
