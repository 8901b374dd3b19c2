import HTTPTypes

/// Requests that name the host that they are for in an ambiguous way (RFC 9112, section 3.2). Another program on the way may
/// have understood them in another way, so they get no answer.
enum HostRules {
    private static let host = HTTPField.Name("Host")

    /// Why the request gets a 400; nil for one that names its host once.
    ///
    /// - Parameter isAPI: HTTP/1.0 knows no `Host`, and programs that check for health use it; callers of the API do not.
    static func problem(_ head: HTTPRequest, isAPI: Bool) -> String? {
        // The first one has become the authority. Another one may be the host of the target, see `TargetHostChannel`.
        if let host, head.headerFields.contains(host) {
            return "a request needs exactly one Host header, and a target with a host needs the same one"
        }
        return isAPI && head.authority == nil ? "a call of the API needs a Host header" : nil
    }
}
