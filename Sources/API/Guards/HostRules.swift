import HTTPTypes

/// Requests that name the host that they are for in an ambiguous way (RFC 9112, section 3.2). Another program on the way may
/// have understood them in another way, so they get no answer.
enum HostRules {
    private static let host = HTTPField.Name("Host")

    /// Why the request gets a 400; nil for one that names its host once.
    ///
    /// - Parameter isAPI: HTTP/1.0 knows no `Host`, and programs that check for health use it; callers of the API do not.
    static func problem(_ head: HTTPRequest, isAPI: Bool) -> String? {
        // The first one has become the authority.
        if let host, head.headerFields.contains(host) { return "a request has one Host header" }
        if isAPI, head.authority == nil { return "a call of the API needs a Host header" }
        guard let target = authority(ofTarget: head.path ?? "") else { return nil }
        return target.lowercased() == head.authority?.lowercased()
            ? nil : "the request's target and its Host header name different hosts"
    }

    /// Of a target in absolute form, `http://host/path`; nil for a path.
    private static func authority(ofTarget target: String) -> Substring? {
        guard !target.hasPrefix("/"), let scheme = target.firstRange(of: "://") else { return nil }
        return target[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    }
}
