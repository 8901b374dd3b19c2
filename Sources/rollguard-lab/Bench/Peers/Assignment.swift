/// What a measured program is asked to do: which targets, how often, with how many rules.
struct Assignment: Sendable {
    /// Two versions of one service, and which targets run them.
    struct Release: Sendable {
        var name: String
        var baseline: [Int]
        var canary: [Int]
    }

    /// Rules of one release.
    enum Rules: Sendable, Equatable {
        /// Error rate, p99 and, where the program knows such a thing, a regression of both.
        case usual
        /// So many rules, half of them on the error rate, half on p99, over windows of a minute.
        case many(Int)
        /// The canary's error rate over ten seconds, at once.
        case errorsAtOnce
        /// None: only for programs that scrape.
        case none
    }

    var releases: [Release]
    var intervalMs: Int
    var rules: Rules
    /// What else the program has to do; nil for nothing.
    var load: DaemonLoad?
    /// Of 127.0.0.1, for the program's own API.
    var apiPort = FreePort.find()

    /// One release, its targets half and half.
    static func halves(targets: Int, intervalMs: Int, rules: Rules = .usual) -> Assignment {
        let middle = targets / 2
        let release = Release(name: "checkout", baseline: Array(0..<middle), canary: Array(middle..<targets))
        return Assignment(releases: [release], intervalMs: intervalMs, rules: rules)
    }

    /// So many releases of two targets each.
    static func pairs(_ count: Int, intervalMs: Int, load: DaemonLoad? = nil) -> Assignment {
        let releases = (0..<count).map { Release(name: "shop\($0)x", baseline: [2 * $0], canary: [2 * $0 + 1]) }
        return Assignment(releases: releases, intervalMs: intervalMs, rules: .errorsAtOnce, load: load)
    }

    /// What its state folder is filled with; nil without a load.
    var journalFill: JournalFill? { load.map { JournalFill(load: $0, releases: releases.map(\.name)) } }

    /// What readers of Rollguard's API request.
    var apiPaths: [String] {
        let api = ["status", "releases", "releases/\(releases[0].name)", "incidents", "rules", "alerts", "deliveries"]
        let incident = journalFill.map { ["incidents/\($0.newestIncident)"] } ?? []
        return (api + incident).map { "/api/v1/" + $0 } + ["/metrics"]
    }

    var targets: Int { releases.reduce(0) { $0 + $1.baseline.count + $1.canary.count } }
}
