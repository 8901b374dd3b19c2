import Routers

/// Finds, among what a router has, the group that splits between the two pools.
struct PoolMatch: Sendable, Equatable {
    let group: RouterSurvey.Group
    /// Names of servers, as a configuration writes them.
    let baseline: [String]
    let canary: [String]

    /// What the servers are compared with.
    struct Pools: Sendable {
        /// `host:port` of the targets, or URLs.
        var baseline: [String]
        var canary: [String]
        /// Names that the operator gave; nil to compare addresses.
        var names: (baseline: [String], canary: [String])?
    }

    /// Every group that has servers of both pools.
    ///
    /// A server belongs to a pool when one of its addresses is that of a target. Where metrics have a port of their own, the
    /// hosts decide, provided that no host is in both pools.
    static func all(in survey: RouterSurvey, for pools: Pools) -> [PoolMatch] {
        survey.groups.compactMap { group in
            let pairs = [pools.baseline, pools.canary].map { targets in
                group.servers.filter { server in server.addresses.contains { isOne($0, of: targets, in: pools) } }
                    .map(\.name)
            }
            let names = pools.names.map { names in
                [names.baseline, names.canary].map { wanted in group.servers.map(\.name).filter(wanted.contains) }
            }
            let (baseline, canary) = ((names ?? pairs)[0], (names ?? pairs)[1])
            guard !baseline.isEmpty, !canary.isEmpty, Set(baseline).isDisjoint(with: canary) else { return nil }
            return PoolMatch(group: group, baseline: baseline, canary: canary)
        }
    }

    private static func isOne(_ address: String, of targets: [String], in pools: Pools) -> Bool {
        let wanted = Endpoint(address)
        if targets.contains(where: { Endpoint($0) == wanted }) { return true }
        let (old, new) = (Set(pools.baseline.map { Endpoint($0).host }), Set(pools.canary.map { Endpoint($0).host }))
        guard old.isDisjoint(with: new) else { return false }
        return targets.contains { Endpoint($0).host == wanted.host }
    }

    /// Host and port of an address in any of its spellings.
    private struct Endpoint: Equatable {
        let host: String
        let port: String

        init(_ text: String) {
            let afterScheme = text.range(of: "://").map { text[$0.upperBound...] } ?? text[...]
            let authority = afterScheme.prefix { $0 != "/" && $0 != "?" }
            let end = authority.lastIndex(of: "]") ?? authority.startIndex
            let colon = authority[end...].lastIndex(of: ":")
            let name = authority[..<(colon ?? authority.endIndex)].filter { $0 != "[" && $0 != "]" }.lowercased()
            host = name == "localhost" || name == "::1" ? "127.0.0.1" : name
            let isSecure = text.hasPrefix("https://")
            port = colon.map { String(authority[authority.index(after: $0)...]) } ?? (isSecure ? "443" : "80")
        }
    }
}
