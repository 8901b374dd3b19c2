import Glibc

/// How many files and sockets the process may hold open, and what they are for.
///
/// The usual soft limit of 1,024 is there for programs that call `select`; nothing here does, and a connection per
/// target that is kept open between scrapes needs more.
package struct OpenFiles: Sendable {
    /// More than any plan needs.
    private static let wanted: rlim_t = 17_408
    /// What the daemon keeps for everything but scrapes where there is plenty: journal, API, logs, connections to routers
    /// and receivers. A third of it is enough for all connections that the API serves.
    private static let keptAtMost = 1_024
    /// Connections of the API, to routers and to receivers, four of each, that must always be possible.
    private static let outsideAtLeast = 12
    private static let scrapesAtLeast = 8

    /// As the system grants it.
    package let limit: Int
    /// The process's own: standard streams, journal, event loops (three for each processor), signals, transfer threads.
    private let own: Int

    /// - Parameter processors: those that the event loops are made for.
    package init(limit: Int, processors: Int) {
        self.limit = limit
        own = 32 + 3 * processors
    }

    /// Raises the soft limit as far as the hard one allows.
    package static func raised() -> OpenFiles {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        guard getrlimit(resource, &limit) == 0 else { return OpenFiles(limit: 1_024, processors: processors) }
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = min(wanted, limit.rlim_max)
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return OpenFiles(limit: Int(min(limit.rlim_cur, wanted)), processors: processors)
    }

    /// What a proxy may hold open for its clients.
    package struct ProxyShare: Sendable, Equatable {
        /// Each takes a connection of its own and one to a server.
        package let clients: Int
        /// Connections to servers that wait for their next request.
        package let idleConnections: Int
    }

    /// For the admin port and the state file, and for clients that are turned away.
    private static let keptByProxy = 24
    private static let clientsAtLeast = 8

    /// - Parameter servers: how many the proxy has; the health check connects to each.
    /// - Throws: with a limit by which the proxy could not serve its admin port when it has to.
    package func proxyShare(servers: Int) throws(TooFewOpenFiles) -> ProxyShare {
        let kept = own + Self.keptByProxy + servers
        let least = kept + 3 * Self.clientsAtLeast
        guard limit >= least else { throw TooFewOpenFiles(limit: limit, needed: least) }
        let idle = (limit - kept) / 4
        return ProxyShare(clients: (limit - kept - idle) / 2, idleConnections: idle)
    }

    /// With fewer the daemon does not start, because it could not call a router when it has to.
    package var least: Int { own + Self.outsideAtLeast + Self.scrapesAtLeast }

    /// Connections that scrapes may keep open; half of the limit, or what is left beside what is kept for the rest.
    package var scrapeConnections: Int {
        let kept = max(own + Self.outsideAtLeast, min(Self.keptAtMost, limit / 2))
        return max(Self.scrapesAtLeast, limit - kept)
    }

    /// How many connections the API may have open, and as many those to routers, and those to receivers: clients that
    /// read must not take the last descriptor from a router call.
    package var outsideConnections: Int { max(Self.outsideAtLeast, limit - own - scrapeConnections) / 3 }

    /// Refuses to start with a limit that would break the daemon sooner or later.
    package func requireEnough() throws(TooFewOpenFiles) {
        guard limit >= least else { throw TooFewOpenFiles(limit: limit, needed: least) }
    }

    /// The warning when the plan's targets cannot each keep a connection; nil when they can.
    package func warning(targets: Int) -> String? {
        guard targets > scrapeConnections else { return nil }
        let needed = limit - scrapeConnections + targets
        return "\(targets) targets share \(scrapeConnections) connections, which makes scrapes slower: "
            + TooFewOpenFiles(limit: limit, needed: needed).description
    }
}

/// The limit of open files is too low. Says what to do.
package struct TooFewOpenFiles: Error, Equatable, CustomStringConvertible {
    let limit: Int
    let needed: Int

    package var description: String {
        """
        the limit of open files is \(limit), and \(needed) are needed; raise it: `ulimit -n \(needed)` in the shell that \
        starts rollguard, or `LimitNOFILE=\(needed)` in its systemd unit
        """
    }
}
