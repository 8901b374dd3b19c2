import Ports

/// Redirects are followed here rather than inside libcurl, which would send headers such as `X-Api-Key` on to another
/// host: it knows only `Authorization` and `Cookie` as credentials.
extension PreparedRequest {
    /// The request that follows the answer, or nil when the answer is the last one.
    ///
    /// - Throws: ``TransportError/unusable(_:)`` when the redirect may not be followed.
    func following(status: Int, location: String?) throws(TransportError) -> PreparedRequest? {
        guard redirectLimit > 0, Self.redirects.contains(status), let location else { return nil }
        guard redirectsLeft > 0 else {
            throw .unusable("\(shownAddress): more than \(redirectLimit) redirects; give the final address instead")
        }
        let target = try address.resolving(location)
        guard target.scheme == address.scheme || target.scheme == "https" else {
            throw .unusable("\(shownAddress) redirects from https to http (\(ShownAddress.text(target.url))); refused")
        }
        guard redirectsMayLeaveHost || Self.isSameHost(address, target) else {
            throw .unusable(
                "\(shownAddress) redirects to \(ShownAddress.text(target.url)), which is another host or port; refused: give "
                    + "that address instead, or set `follow_redirects: any`")
        }
        var next = self
        next.redirectsLeft -= 1
        next.address = target
        if target.origin != address.origin { try next.leaveOrigin(from: self) }
        next.changeMethod(after: status)
        return next
    }

    /// The same host and port; or its https where it sends everybody there, each on its standard port.
    private static func isSameHost(_ one: WebAddress, _ other: WebAddress) -> Bool {
        guard one.host == other.host else { return false }
        return one.port == other.port
            || (one.scheme == "http" && one.port == "80" && other.scheme == "https" && other.port == "443")
    }

    private static let redirects: Set<Int> = [301, 302, 303, 307, 308]

    /// Another scheme, host or port is another party: nothing that identifies us goes there.
    private mutating func leaveOrigin(from previous: PreparedRequest) throws(TransportError) {
        guard unixSocket == nil else {
            throw .unusable("\(previous.shownAddress) redirects away from its unix socket; refused")
        }
        credential = nil
        security.authorization = nil
        security.certificateFile = nil
        security.keyFile = nil
        headers.removeAll { !Self.harmless.contains($0.name.lowercased()) }
    }

    /// Headers that say nothing about who asks. Any other one could be a credential.
    private static let harmless: Set<String> = [
        "accept", "accept-encoding", "accept-language", "content-type", "user-agent", "cache-control",
        "x-prometheus-scrape-timeout-seconds",
    ]

    /// RFC 9110, section 15.4: 303 asks for a GET; after 301 and 302 only a POST becomes one, as everywhere. A PUT stays a
    /// PUT, since a GET that succeeds in its place would look like a successful change.
    private mutating func changeMethod(after status: Int) {
        let becomesGet = status == 303 ? method != "HEAD" : method == "POST" && (status == 301 || status == 302)
        guard becomesGet, method != "GET" else { return }
        method = "GET"
        body = nil
        headers.removeAll { $0.name.lowercased() == "content-type" }
    }
}
