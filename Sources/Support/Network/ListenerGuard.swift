/// Which calls an HTTP listener answers at all, judged by whom the caller means to call. Every listener of ours asks it.
///
/// A web page that is opened on this network can make the browser send requests here. Two headers reveal it, and no
/// web page can set either: `Host` names the web page's own host when that name was made to point here (DNS rebinding),
/// and `Origin` names its site. So a listener answers to its own names only: IP addresses, which cannot be rebound,
/// `localhost`, and the names that it was given.
public struct ListenerGuard: Sendable, Equatable {
    public enum Refusal: Error, Sendable, Equatable {
        /// The request was made by a web page of another site.
        case foreignOrigin
        /// `Host` names another host; nil when it is not a host at all.
        case foreignHost(String?)
    }

    private let names: Set<String>

    /// - Parameter names: host names without ports; case does not matter. `localhost` and IP addresses need not be given.
    public init(names: [String]) {
        self.names = Set(names.map { $0.lowercased() }.filter { !$0.isEmpty } + ["localhost"])
    }

    /// Judges `Origin`: without one, or with the one of the host that is called, the call is allowed.
    public func checkOrigin(_ origin: String?, host: String?) throws(Refusal) {
        guard let origin else { return }
        guard let site = Authority.origin(origin), let host = host.flatMap({ Authority($0) }), site.host == host.host,
            site.port == host.port ?? (site.scheme == "https" ? 443 : 80)
        else { throw .foreignOrigin }
    }

    /// Judges `Host`. Without one it is no browser's call (HTTP/1.0), which is allowed.
    public func checkHost(_ host: String?) throws(Refusal) {
        guard let host else { return }
        guard let authority = Authority(host) else { throw .foreignHost(nil) }
        guard authority.isAddress || names.contains(authority.host) else { throw .foreignHost(authority.host) }
    }
}
