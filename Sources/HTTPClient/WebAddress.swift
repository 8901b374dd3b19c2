import CCurl
import Glibc
import Ports
import Support

/// An http or https URL taken apart by libcurl's own parser, so that what is checked here is what is connected to.
struct WebAddress: Sendable, Equatable {
    /// The URL to request, without user information and fragment.
    let url: String
    /// `http` or `https`.
    let scheme: String
    let host: String
    /// An IP address in the host's place: there is no name to look up.
    let isNumeric: Bool
    let port: String
    let user: String?
    let password: String?

    /// Where credentials may go: another scheme, host or port is another party.
    var origin: String { "\(scheme)://\(host):\(port)" }

    /// - Throws: ``TransportError/unusable(_:)`` with the address redacted.
    init(_ text: String) throws(TransportError) {
        guard text.utf8.count <= Self.lengthLimit else {
            throw .unusable("the URL is longer than \(Self.lengthLimit) bytes: \(ShownAddress.text(text))")
        }
        try self.init(text, relativeTo: nil)
    }

    /// The address a `Location` header means. User information in it is dropped: a server must not choose credentials.
    func resolving(_ location: String) throws(TransportError) -> WebAddress {
        guard location.utf8.count <= Self.lengthLimit else {
            throw .unusable("\(ShownAddress.text(url)) redirects to a URL longer than \(Self.lengthLimit) bytes")
        }
        return try WebAddress(location, relativeTo: url)
    }

    private static let lengthLimit = 65_536

    private init(_ text: String, relativeTo base: String?) throws(TransportError) {
        guard let parts = curl_url() else { throw .unusable("out of memory while reading a URL") }
        defer { curl_url_cleanup(parts) }
        if let base { _ = curl_url_set(parts, CURLUPART_URL, base, 0) }
        let code = text.utf8.contains(0) ? CURLUE_MALFORMED_INPUT : curl_url_set(parts, CURLUPART_URL, text, Self.flags)
        guard code == CURLUE_OK else { throw Self.refusal(text, code) }
        guard let scheme = Self.part(parts, CURLUPART_SCHEME), scheme == "http" || scheme == "https" else {
            throw .unusable("\(ShownAddress.text(text)) is neither http nor https; only these two are spoken")
        }
        guard let host = Self.part(parts, CURLUPART_HOST), !host.isEmpty else {
            throw Self.refusal(text, CURLUE_NO_HOST)
        }
        user = Self.part(parts, CURLUPART_USER)
        password = Self.part(parts, CURLUPART_PASSWORD)
        for removed in [CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_FRAGMENT] {
            _ = curl_url_set(parts, removed, nil, 0)
        }
        guard let url = Self.part(parts, CURLUPART_URL) else { throw Self.refusal(text, CURLUE_MALFORMED_INPUT) }
        self.url = url
        self.scheme = scheme
        self.host = host.lowercased()
        isNumeric = Self.isNumeric(host)
        self.port = Self.part(parts, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)) ?? ""
    }

    /// In a URL an IPv6 address is written in brackets (RFC 3986, section 3.2.2).
    private static func isNumeric(_ host: String) -> Bool {
        var room = in6_addr()
        return host.hasPrefix("[") || inet_pton(AF_INET, host, &room) == 1
    }

    /// Unknown schemes are let through the parser so that our own sentence names them.
    private static let flags = UInt32(CURLU_NON_SUPPORT_SCHEME)

    /// Credentials are percent-decoded; the URL itself stays as it is written.
    private static func part(_ parts: OpaquePointer, _ which: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        let isCredential = which == CURLUPART_USER || which == CURLUPART_PASSWORD
        let decoding = isCredential ? UInt32(CURLU_URLDECODE) : 0
        guard curl_url_get(parts, which, &text, flags | decoding) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }

    private static func refusal(_ text: String, _ code: CURLUcode) -> TransportError {
        .unusable("\"\(ShownAddress.text(text))\" is not a usable URL: \(String(cString: curl_url_strerror(code)))")
    }
}

/// An address as it may be shown in an error: without credentials, and short.
enum ShownAddress {
    static func text(_ url: String, unixSocket: String? = nil) -> String {
        let shown = Redaction.url(String(url.prefix(lengthLimit)))
        let cut = url.count > lengthLimit ? shown + "…" : shown
        return unixSocket.map { "\(cut) (unix socket \($0))" } ?? cut
    }

    private static let lengthLimit = 300
}
