import Discovery
import Model
import TargetSources
import Telemetry

/// The sources of one release, what they answered, and which targets are in force because of it. Does no input and output.
struct TargetRoster {
    struct Source {
        let plan: SourcePlan
        let name: String
        let refreshMs: Int64
        var list: SourceList
        /// The answer that is to be taken up, and when it came.
        var pending: (groups: [TargetGroup], atUptimeMs: Int64)?
        /// What the resolver made of the answer before; nil before the first.
        var resolved: ResolvedGroups?
        var problem: String?
        var lastSuccess: Moment?
        var successes = 0
        var failures = 0
        /// For how long this process has run since the last list, or since the source began to be read.
        var silentMs: Int64 = 0

        /// No answer could be used for so long.
        var staleAfterMs: Int64 { max(5 * refreshMs, 120_000) }

        var isStale: Bool { silentMs > staleAfterMs }

        mutating func succeed(at now: Moment) {
            successes += 1
            (problem, lastSuccess, silentMs) = (nil, now, 0)
        }
    }

    private(set) var release: ReleasePlan
    var sources: [Source]
    private(set) var lists: TargetLists
    private(set) var merged: MergedLists
    /// Nil for a release that lists no names. Their source is the last one.
    private var names: NamedTargets?
    private var resolver: TargetResolver
    private let since: Moment

    /// - Parameter namesSource: resolves the names in the release's `targets`; nil where there are none, or the transport
    ///   resolves them alone.
    /// - Throws: a selector's error, which the configuration has been checked for.
    init(
        _ release: ReleasePlan, sources: [Source], namesSource: Source? = nil, revision: Int, at now: Moment
    ) throws {
        (self.release, since) = (release, now)
        self.sources = sources + [namesSource].compactMap { $0 }
        names = namesSource == nil ? nil : NamedTargets(names: release.hostNames)
        resolver = try Self.resolver(release)
        merged = MergedLists([], fixed: [[], []])
        // What the kernel scrapes before a list is known.
        let isListed = release.discovery == nil
        lists = TargetLists(
            revision: revision, first: isListed ? release.baseline.targets : [],
            second: isListed ? release.canary.targets : [])
        // The selectors may be others than before.
        for index in self.sources.indices { self.sources[index].resolved = nil }
    }

    private static func resolver(_ release: ReleasePlan) throws -> TargetResolver {
        let discovery = release.discovery
        return try TargetResolver(
            defaults: .init(
                job: release.name, scheme: discovery?.scheme ?? "http",
                metricsPath: discovery?.metricsPath ?? "/metrics",
                scrapeInterval: "\(release.scrape.intervalMs)ms", scrapeTimeout: "\(release.scrape.timeoutMs)ms"),
            selections: [release.baseline.select, release.canary.select],
            relabelling: discovery?.relabelling ?? Relabelling())
    }

    /// A source without any list would make its pools empty: until all have one, or for this long, nothing is changed.
    private static let startupWaitMs: Int64 = 30_000

    /// The addresses of names are not waited for: until they are known, the names are scraped.
    func isReady(at now: Moment) -> Bool {
        sources.dropLast(names == nil ? 0 : 1).allSatisfy { $0.list.hasList || $0.pending != nil }
            || now.uptimeMs - since.uptimeMs >= Self.startupWaitMs
    }

    /// Some source has a list, or an answer that is to be taken up.
    var hasAnyList: Bool { sources.contains { $0.list.hasList || $0.pending != nil } }

    /// Begins with the lists of an earlier process.
    mutating func restore(_ stored: StoredTargetLists) {
        for index in sources.indices {
            guard let group = stored.group(source: sources[index].name) else { continue }
            sources[index].list.restore(listed(group, source: index))
        }
    }

    private func isOfNames(_ index: Int) -> Bool { names != nil && index == sources.count - 1 }

    /// What was in force before.
    private func listed(_ known: TargetGroup, source index: Int) -> [ListedTarget] {
        if let names, isOfNames(index) { return names.listed(known) }
        return resolver.resolve([known])
    }

    /// Another configuration of the release: what is in force for a source that stays continues to be, also while an answer is
    /// held. With other selectors it is read again.
    mutating func continueFrom(_ before: TargetRoster) {
        if release.discovery == nil { lists = before.lists }
        if let known = before.names { names?.continueFrom(known) }
        for index in sources.indices {
            // Other names are the same source.
            let plan = sources[index].plan
            let known = before.sources.first {
                $0.plan == plan || $0.plan.kind == HostNamesPlan.kind && plan.kind == HostNamesPlan.kind
            }
            guard let known else { continue }
            (sources[index].lastSuccess, sources[index].problem) = (known.lastSuccess, known.problem)
            (sources[index].successes, sources[index].failures) = (known.successes, known.failures)
            sources[index].silentMs = known.silentMs
            guard known.list.hasList else {
                sources[index].pending = known.pending
                continue
            }
            let targets = (known.list.targets + known.list.leftOut).map {
                DiscoveredTarget(labels: $0.discovered, uniqueID: $0.key.uniqueID)
            }
            sources[index].list.restore(
                listed(TargetGroup(source: known.name, targets: targets), source: index))
            sources[index].pending = known.pending
        }
    }

    /// So much time of this process has passed. A process that was stopped meanwhile could have read no source.
    mutating func pass(ms: Int64) {
        for index in sources.indices { sources[index].silentMs += ms }
    }

    mutating func take(_ answer: SourceAnswer, source index: Int, at now: Moment) {
        switch answer {
        case .failed(let reason):
            sources[index].failures += 1
            sources[index].problem = reason
        case .list(let groups):
            if isOfNames(index) { names?.unread = [] }
            sources[index].succeed(at: now)
            sources[index].pending = (groups, now.uptimeMs)
        case .partial(let groups, let unread, let reason):
            names?.unread = Set(unread)
            sources[index].pending = (groups + stillListed(unread, source: index), now.uptimeMs)
            guard names?.matters(unread) ?? true else { return sources[index].succeed(at: now) }
            sources[index].failures += 1
            sources[index].problem = reason
        }
    }

    /// What the groups that could not be read had, whose source is their name.
    private func stillListed(_ unread: [String], source index: Int) -> [TargetGroup] {
        guard let names, isOfNames(index) else { return [] }
        let known = Dictionary(grouping: sources[index].list.targets) { $0.place.map { names.names[$0] } ?? "" }
        return unread.map { name in
            TargetGroup(source: name, targets: (known[name] ?? []).map { DiscoveredTarget(labels: $0.discovered) })
        }
    }

    /// Takes up the answers that have come.
    ///
    /// - Returns: the new lists; nil when the targets are the same as before.
    mutating func update() -> TargetLists? {
        for index in sources.indices {
            guard let (groups, atUptimeMs) = sources[index].pending else { continue }
            sources[index].pending = nil
            if let names, isOfNames(index) {
                sources[index].list.take(names.listed(groups), atMs: atUptimeMs)
                continue
            }
            var resolved = sources[index].resolved.take() ?? ResolvedGroups(resolver)
            sources[index].list.take(resolved.resolve(groups), atMs: atUptimeMs)
            sources[index].resolved = resolved
        }
        if names != nil, let last = sources.last { names?.follow(last.list) }
        let (first, second) = places()
        guard first != lists.first || second != lists.second else { return nil }
        lists = TargetLists(revision: lists.revision + 1, first: first, second: second)
        return lists
    }

    /// The targets in force. Without discovery they are the listed ones, in their order; one that both pools list for one scrape
    /// body is in both.
    private mutating func places() -> (first: [TargetPlan], second: [TargetPlan]) {
        guard release.discovery != nil else { return (listed(release.baseline), listed(release.canary)) }
        let lists = sources.indices.filter { !isOfNames($0) }.map { sources[$0].list }
        merged = MergedLists(lists, fixed: [fixed(release.baseline, 0), fixed(release.canary, 1)])
        return (merged.places[0].map(TargetPlan.init), merged.places[1].map(TargetPlan.init))
    }

    private func listed(_ pool: PoolPlan) -> [TargetPlan] {
        pool.server == nil ? names?.targets(pool.targets) ?? pool.targets : pool.targets
    }

    private func fixed(_ pool: PoolPlan, _ place: Int) -> [ListedTarget] {
        listed(pool).map {
            ListedTarget(
                instance: $0.instance, url: $0.url, unixSocket: $0.unixSocket, address: $0.address,
                placement: .place(place),
                discovered: [DiscoveredTarget.addressLabel: $0.instance], labels: ["instance": $0.instance])
        }
    }

    /// What a restart begins with.
    func stored(wallMs: Int64) -> StoredTargetLists {
        var stored = StoredTargetLists(savedWallMs: wallMs)
        for source in sources where source.list.hasList { stored.add(source: source.name, source.list.targets) }
        return stored
    }

    func report(at now: Moment) -> DiscoveryReport {
        let active = merged.places.joined().map {
            DiscoveryReport.Active(target: TargetPlan($0), discovered: $0.discovered, labels: $0.labels)
        }
        let dropped = merged.leftOut.prefix(DiscoveryReport.droppedLimit).compactMap(DiscoveryReport.Dropped.init)
        return DiscoveryReport(
            release: release.name, sources: shownSources.map { report($0, at: now) }, active: active, dropped: dropped,
            droppedCount: merged.leftOut.count, revision: lists.revision)
    }

    /// Names that have one address each need no source that operators see.
    private var shownSources: [Source] {
        let needsNames = names.map { !$0.addresses.isEmpty } ?? false || sources.last?.problem != nil
        return names == nil || needsNames ? sources : Array(sources.dropLast())
    }

    /// What operators should know of the sources; nil until each of them has answered or is stale.
    func state(at now: Moment) -> TargetSourcesState? {
        guard sources.allSatisfy({ $0.lastSuccess != nil || $0.isStale }) else { return nil }
        var state = TargetSourcesState()
        for source in sources {
            if source.isStale {
                state.stale.append(
                    "\(source.name) has given no list for more than \(source.staleAfterMs / 1_000) s, and the targets may "
                        + "be others by now")
            }
            let flapping = source.list.flapping(atMs: now.uptimeMs)
            guard !flapping.isEmpty else { continue }
            let names = Self.names(flapping)
            let more = flapping.count > names.count ? " and \(flapping.count - names.count) more" : ""
            state.remarks.append(
                "\(source.name) lists targets that come and go: " + names.joined(separator: ", ") + more)
        }
        state.remarks += names?.texts ?? []
        return state
    }

    private static func names(_ targets: [ListedTarget]) -> [String] {
        Array(targets.map(\.instance).sorted().prefix(DiscoveryReport.Source.flappingLimit))
    }

    private func report(_ source: Source, at now: Moment) -> DiscoveryReport.Source {
        let flapping = source.list.flapping(atMs: now.uptimeMs)
        var report = DiscoveryReport.Source(
            name: source.name, kind: source.plan.kind, lastSuccessWallMs: source.lastSuccess?.wallMs,
            problem: source.problem, isStale: source.isStale, isFromDisk: source.list.isStored,
            targets: source.list.targets.count,
            held: source.list.held.map { "shrink \($0.from) -> \($0.to)" }, successes: source.successes,
            failures: source.failures)
        (report.flapping, report.flappingCount) = (Self.names(flapping), flapping.count)
        return report
    }
}

extension TargetPlan {
    fileprivate init(_ listed: ListedTarget) {
        self.init(
            instance: listed.instance, url: listed.url, unixSocket: listed.unixSocket, uniqueID: listed.key.uniqueID,
            address: listed.address)
    }
}

extension DiscoveryReport.Dropped {
    fileprivate init?(_ listed: ListedTarget) {
        guard case .leftOut(let reason, let detail) = listed.placement else { return nil }
        self.init(labels: listed.discovered, reason: Reason(reason), detail: detail)
    }
}

extension DiscoveryReport.Dropped.Reason {
    fileprivate init(_ reason: ListedTarget.Reason) {
        switch reason {
        case .relabelled: self = .relabelled
        case .unmatched: self = .unmatched
        case .overlap: self = .overlap
        case .unusable: self = .unusable
        case .duplicate: self = .duplicate
        }
    }
}
