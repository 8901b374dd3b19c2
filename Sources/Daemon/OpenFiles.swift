import Glibc

/// How many files and sockets the process may hold open.
///
/// The usual soft limit of 1,024 is there for programs that call `select`; nothing here does, and a connection per
/// target that is kept open between scrapes needs more.
enum OpenFiles {
    /// More than any plan needs.
    private static let wanted: rlim_t = 17_408
    /// For the journal, the API, logs, and connections to routers and receivers.
    private static let kept = 512

    /// Raises the soft limit as far as the hard one lets it.
    ///
    /// - Returns: how many connections scrapes may keep open.
    static func makeRoomForConnections() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return kept }
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = min(wanted, limit.rlim_max)
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return max(64, Int(min(limit.rlim_cur, wanted)) - kept)
    }
}
