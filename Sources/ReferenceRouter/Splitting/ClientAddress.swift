/// Finds the client behind proxies.
struct ClientAddress: Sendable {
    private let trusted: NetworkTable

    init(trusted: NetworkTable) { self.trusted = trusted }

    func isTrusted(_ peer: NetworkAddress?) -> Bool {
        guard let peer else { return false }
        return trusted.contains(peer)
    }

    /// The right-most hop that is not one of our proxies. Whoever connects without being one of them is the client,
    /// whatever `X-Forwarded-For` says: anybody can write that header. For `X-Forwarded-For: 1.1.1.1, 198.51.100.7,
    /// 10.0.0.3` from 10.0.0.2, with 10.0.0.0/8 trusted, it is 198.51.100.7; what is left of it may be invented.
    func find(peer: NetworkAddress?, forwardedFor: [String]) -> NetworkAddress? {
        guard let peer, trusted.contains(peer) else { return peer }
        var client = peer
        let hops = forwardedFor.flatMap { $0.split(separator: ",") }
        for hop in hops.reversed().prefix(64) {
            // A hop that is no address was not written by a proxy of ours: the one that handed it on is the client.
            guard let address = Self.address(ofHop: hop) else { return client }
            client = address
            guard trusted.contains(address) else { return client }
        }
        return client
    }

    /// `10.0.0.1`, `10.0.0.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
    private static func address(ofHop hop: Substring) -> NetworkAddress? {
        let text = String(hop.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" })
        return NetworkAddress(text) ?? HostAndPort(text).flatMap { NetworkAddress($0.host) }
    }
}
