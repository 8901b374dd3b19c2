import NIOHTTP1

/// Requests that are answered by the router itself because passing them on would be wrong or dangerous.
enum RequestRules {
    struct Refusal: Error, Equatable {
        let status: HTTPResponseStatus
        let reason: String
    }

    /// Nil when the request is allowed. The parser has already refused what is not HTTP at all, two lengths that
    /// differ, and a length beside a transfer coding; what an attacker could smuggle by is checked again here, because
    /// it is this router's duty and not a property of a parser's version.
    static func refusal(of head: HTTPRequestHead) -> Refusal? {
        framingRefusal(of: head) ?? targetRefusal(of: head) ?? upgradeRefusal(of: head)
    }

    private static func framingRefusal(of head: HTTPRequestHead) -> Refusal? {
        let codings = head.headers["transfer-encoding"]
        let lengths = head.headers["content-length"]
        if !codings.isEmpty, !lengths.isEmpty {
            return Refusal(status: .badRequest, reason: "both Content-Length and Transfer-Encoding")
        }
        if lengths.count > 1 { return Refusal(status: .badRequest, reason: "more than one Content-Length") }
        if let length = lengths.first, length.isEmpty || !length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return Refusal(status: .badRequest, reason: "Content-Length is not a number")
        }
        guard let coding = codings.first else { return nil }
        if codings.count > 1 || coding.lowercased() != "chunked" {
            return Refusal(status: .notImplemented, reason: "the only transfer coding here is chunked")
        }
        if !head.version.isOneOne {
            return Refusal(status: .badRequest, reason: "Transfer-Encoding in an HTTP/1.0 request")
        }
        return nil
    }

    private static func targetRefusal(of head: HTTPRequestHead) -> Refusal? {
        if head.method == .CONNECT { return Refusal(status: .notImplemented, reason: "CONNECT is not offered") }
        if head.uri.utf8.count > ProxyLimits.targetBytes {
            return Refusal(status: .uriTooLong, reason: "the target is longer than \(ProxyLimits.targetBytes) bytes")
        }
        let hosts = head.headers["host"].count
        if hosts > 1 || (hosts == 0 && head.version.isOneOne) {
            return Refusal(status: .badRequest, reason: "exactly one Host header is needed")
        }
        let isServerWide = head.uri == "*" && head.method == .OPTIONS
        guard head.uri.hasPrefix("/") || isServerWide || Target.absolute(head.uri) != nil else {
            return Refusal(status: .badRequest, reason: "the target must be a path")
        }
        return nil
    }

    private static func upgradeRefusal(of head: HTTPRequestHead) -> Refusal? {
        guard head.headers.contains(name: "upgrade"),
            head.headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" })
        else { return nil }
        return Refusal(status: .notImplemented, reason: "protocol upgrades are not offered")
    }
}

/// Request targets in absolute form, which a client that takes us for its proxy sends (RFC 9112, section 3.2.2).
enum Target {
    /// `http://shop.example/cart` -> (`shop.example`, `/cart`); nil for any other form.
    static func absolute(_ uri: String) -> (authority: String, path: String)? {
        guard uri.utf8.count > 7, uri.prefix(7).lowercased() == "http://" else { return nil }
        let rest = uri.dropFirst(7)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        let path = rest[authority.endIndex...]
        return (String(authority), path.hasPrefix("/") ? String(path) : "/" + path)
    }
}

extension HTTPVersion {
    /// HTTP/1.1 and not 1.0; the parser lets nothing else through.
    var isOneOne: Bool { minor >= 1 }
}
