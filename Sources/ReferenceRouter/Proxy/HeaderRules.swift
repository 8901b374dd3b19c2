import NIOHTTP1

/// The head that the other side of the router gets. Pure.
enum HeaderRules {
    /// Headers that speak about one connection (RFC 9110, section 7.6.1), in lower case.
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te",
        "transfer-encoding", "upgrade",
    ]
    /// What a `Connection` header may not take away, though it names it: removing these changes what a request means,
    /// and the client's address would become whatever the client likes.
    private static let neverDropped: Set<String> = ["host", "content-length", "cookie", "authorization"]

    /// The client's side of a connection.
    struct Peer {
        /// As text, without port.
        let address: String
        let isTrusted: Bool
    }

    /// The head that is sent to a server.
    static func upstream(_ head: HTTPRequestHead, peer: Peer, backend: Backend) -> HTTPRequestHead {
        var headers = endToEnd(head.headers)
        var uri = head.uri
        if let absolute = Target.absolute(uri) {
            uri = absolute.path
            headers.replaceOrAdd(name: "Host", value: absolute.authority)
        }
        if !headers.contains(name: "host") { headers.add(name: "Host", value: backend.text) }
        if head.headers.contains(name: "transfer-encoding") {
            headers.add(name: "Transfer-Encoding", value: "chunked")
        } else if [.POST, .PUT, .PATCH].contains(head.method), !headers.contains(name: "content-length") {
            headers.add(name: "Content-Length", value: "0")
        }
        addForwarded(to: &headers, peer: peer)
        return HTTPRequestHead(version: .http1_1, method: head.method, uri: uri, headers: headers)
    }

    private static func addForwarded(to headers: inout HTTPHeaders, peer: Peer) {
        let earlier = peer.isTrusted ? headers["x-forwarded-for"] : []
        let hops = (earlier.filter { !$0.isEmpty } + [peer.address]).joined(separator: ", ")
        headers.replaceOrAdd(name: "X-Forwarded-For", value: hops)
        if !peer.isTrusted || !headers.contains(name: "x-forwarded-proto") {
            headers.replaceOrAdd(name: "X-Forwarded-Proto", value: "http")
        }
        if !peer.isTrusted || !headers.contains(name: "x-forwarded-host") {
            headers.replaceOrAdd(name: "X-Forwarded-Host", value: headers.first(name: "host") ?? "")
        }
    }

    /// How the end of a response is signalled to the client.
    enum Framing: Equatable {
        case none, length, chunked, close
    }

    /// The head that is sent to the client, and how its body is delimited.
    static func downstream(
        _ head: HTTPResponseHead, to request: HTTPRequestHead, version: String, keepAlive: Bool
    ) -> (head: HTTPResponseHead, framing: Framing) {
        var headers = endToEnd(head.headers)
        headers.replaceOrAdd(name: "X-Rollguard-Version", value: version)
        let code = head.status.code
        let framing: Framing =
            if code < 200 || code == 204 || code == 304 || request.method == .HEAD {
                .none
            } else if headers.contains(name: "content-length") {
                .length
            } else {
                request.version.isOneOne ? .chunked : .close
            }
        if code < 200 || code == 204 { headers.remove(name: "content-length") }
        if framing == .chunked { headers.add(name: "Transfer-Encoding", value: "chunked") }
        if code >= 200 {
            if !keepAlive || framing == .close {
                headers.add(name: "Connection", value: "close")
            } else if !request.version.isOneOne {
                headers.add(name: "Connection", value: "keep-alive")
            }
        }
        return (HTTPResponseHead(version: .http1_1, status: head.status, headers: headers), framing)
    }

    /// Trailers without the fields that are not allowed in them.
    static func trailers(_ trailers: HTTPHeaders?) -> HTTPHeaders? {
        guard let trailers else { return nil }
        var kept = endToEnd(trailers)
        for name in ["content-length", "host", "x-rollguard-version"] { kept.remove(name: name) }
        return kept.isEmpty ? nil : kept
    }

    private static func endToEnd(_ headers: HTTPHeaders) -> HTTPHeaders {
        let named = headers[canonicalForm: "connection"].map { $0.lowercased() }
        var kept = HTTPHeaders()
        kept.reserveCapacity(headers.count + 4)
        for (name, value) in headers {
            let lower = name.lowercased()
            if hopByHop.contains(lower) { continue }
            if !named.isEmpty, named.contains(lower), !neverDropped.contains(lower) { continue }
            kept.add(name: name, value: value)
        }
        return kept
    }
}
