import Model
import Synchronization

/// Knows where the connections to the targets of a release lead. Names and addresses that differ may lead to one service:
/// two names of a machine, or a name and an address. Whether they do is known only after the name was resolved.
///
/// The same port alone does not make two targets one endpoint: an ingress serves many names. So it is only a reason to
/// compare the scrape bodies.
final class EndpointWatch: Sendable {
    /// What two targets have in common that may be one scrape body.
    struct Endpoint: Hashable {
        /// See ``HTTPResponse/peer``.
        let peer: String
        let path: String
        let query: [String]
    }

    private struct Target: Hashable {
        let pool: Pool
        let instance: String
    }

    private struct Known {
        var endpoints: [Target: Endpoint] = [:]
        /// How many targets of each pool lead to it.
        var users: [Endpoint: [Pool: Int]] = [:]
        var watches: [Endpoint: SameEndpointWatch] = [:]
    }

    private let known = Mutex(Known())
    /// So many scrapes in a row have to be alike.
    private static let confirmations = 3

    /// Takes down where a target was found.
    ///
    /// - Returns: the watch that compares the scrape bodies, where targets of both pools lead to the endpoint; else
    ///   nil.
    func watch(of instance: String, in pool: Pool, at endpoint: Endpoint) -> SameEndpointWatch? {
        known.withLock { known in
            let target = Target(pool: pool, instance: instance)
            if let before = known.endpoints[target], before != endpoint { Self.leave(before, pool, &known) }
            if known.endpoints[target] != endpoint {
                known.endpoints[target] = endpoint
                known.users[endpoint, default: [:]][pool, default: 0] += 1
            }
            guard known.users[endpoint]?.count == 2 else { return nil }
            let watch = known.watches[endpoint] ?? SameEndpointWatch(confirmations: Self.confirmations)
            known.watches[endpoint] = watch
            return watch
        }
    }

    private static func leave(_ endpoint: Endpoint, _ pool: Pool, _ known: inout Known) {
        guard let count = known.users[endpoint]?[pool] else { return }
        known.users[endpoint]?[pool] = count > 1 ? count - 1 : nil
        if known.users[endpoint]?.count != 2 { known.watches[endpoint] = nil }
        if known.users[endpoint]?.isEmpty == true { known.users[endpoint] = nil }
    }
}
