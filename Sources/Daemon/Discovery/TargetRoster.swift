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
        /// When it began to be read.
        let since: Moment

        /// No answer could be used for so long.
        var staleAfterMs: Int64 { max(5 * refreshMs, 120_000) }

        func isStale(at now: Moment) -> Bool {
            now.uptimeMs - (lastSuccess ?? since).uptimeMs > staleAfterMs
        }
    }

    private(set) var release: ReleasePlan
    var sources: [Source]
    private(set) var lists: TargetLists
    private(set) var merged: MergedLists
    private var resolver: TargetResolver
    private let since: Moment

    /// - Throws: a selector's error, which the configuration has been checked for.
    init(_ release: ReleasePlan, sources: [Source], revision: Int, at now: Moment) throws {
        (self.release, self.sources, since) = (release, sources, now)
        resolver = try Self.resolver(release)
        merged = MergedLists([], fixed: [[], []])
        lists = TargetLists(revision: revision, first: [], second: [])
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

    func isReady(at now: Moment) -> Bool {
        sources.allSatisfy { $0.list.hasList || $0.pending != nil }
            || now.uptimeMs - since.uptimeMs >= Self.startupWaitMs
    }

    /// Begins with the lists of an earlier process.
    mutating func restore(_ stored: StoredTargetLists) {
        for index in sources.indices {
            guard let group = stored.group(source: sources[index].name) else { continue }
            sources[index].list.restore(resolver.resolve([group]))
        }
    }

    /// Another configuration of the release: what is in force for a source that stays continues to be, also while an answer is
    /// held. With other selectors it is read again.
    mutating func continueFrom(_ before: TargetRoster) {
        for index in sources.indices {
            guard let known = before.sources.first(where: { $0.plan == sources[index].plan }) else { continue }
            (sources[index].lastSuccess, sources[index].problem) = (known.lastSuccess, known.problem)
            (sources[index].successes, sources[index].failures) = (known.successes, known.failures)
            guard known.list.hasList else {
                sources[index].pending = known.pending
                continue
            }
            let targets = (known.list.targets + known.list.leftOut).map {
                DiscoveredTarget(labels: $0.discovered, uniqueID: $0.key.uniqueID)
            }
            sources[index].list.restore(resolver.resolve([TargetGroup(source: known.name, targets: targets)]))
            sources[index].pending = known.pending
        }
    }

    mutating func take(_ answer: SourceAnswer, source index: Int, at now: Moment) {
        switch answer {
        case .failed(let reason):
            sources[index].failures += 1
            sources[index].problem = reason
        case .list(let groups):
            sources[index].successes += 1
            (sources[index].problem, sources[index].lastSuccess) = (nil, now)
            sources[index].pending = (groups, now.uptimeMs)
        }
    }

    /// Takes up the answers that have come.
    ///
    /// - Returns: the new lists; nil when the targets are the same as before.
    mutating func update() -> TargetLists? {
        for index in sources.indices {
            guard let (groups, atUptimeMs) = sources[index].pending else { continue }
            sources[index].pending = nil
            var resolved = sources[index].resolved.take() ?? ResolvedGroups(resolver)
            sources[index].list.take(resolved.resolve(groups), atMs: atUptimeMs)
            sources[index].resolved = resolved
        }
        merged = MergedLists(sources.map(\.list), fixed: [fixed(release.baseline, 0), fixed(release.canary, 1)])
        let (first, second) = (merged.places[0].map(TargetPlan.init), merged.places[1].map(TargetPlan.init))
        guard first != lists.first || second != lists.second else { return nil }
        lists = TargetLists(revision: lists.revision + 1, first: first, second: second)
        return lists
    }

    private func fixed(_ pool: PoolPlan, _ place: Int) -> [ListedTarget] {
        pool.targets.map {
            ListedTarget(
                instance: $0.instance, url: $0.url, unixSocket: $0.unixSocket, placement: .place(place),
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
            release: release.name, sources: sources.map { report($0, at: now) }, active: active, dropped: dropped,
            droppedCount: merged.leftOut.count, revision: lists.revision)
    }

    /// What operators should know of the sources; nil until each of them has answered or is stale.
    func state(at now: Moment) -> TargetSourcesState? {
        guard sources.allSatisfy({ $0.lastSuccess != nil || $0.isStale(at: now) }) else { return nil }
        var state = TargetSourcesState()
        for source in sources {
            if source.isStale(at: now) {
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
        return state
    }

    private static func names(_ targets: [ListedTarget]) -> [String] {
        Array(targets.map(\.instance).sorted().prefix(DiscoveryReport.Source.flappingLimit))
    }

    private func report(_ source: Source, at now: Moment) -> DiscoveryReport.Source {
        let flapping = source.list.flapping(atMs: now.uptimeMs)
        var report = DiscoveryReport.Source(
            name: source.name, kind: source.plan.kind, lastSuccessWallMs: source.lastSuccess?.wallMs,
            problem: source.problem, isStale: source.isStale(at: now), isFromDisk: source.list.isStored,
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
            instance: listed.instance, url: listed.url, unixSocket: listed.unixSocket, uniqueID: listed.key.uniqueID)
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
