import Model
import Support

/// The answer of `GET /api/v1/targets`, in the shape of Prometheus' API, with the pool of each target, the reason for each dropped
/// one, and the sources in addition.
package struct PrometheusTargets: Codable, Sendable {
    package struct Targets: Codable, Sendable {
        package var activeTargets: [Active]
        package var droppedTargets: [Dropped]
        /// By release.
        package var droppedTargetCounts: [String: Int]
        package var sources: [Source]
    }

    package struct Active: Codable, Sendable {
        package var discoveredLabels: [String: String]
        package var labels: [String: String]
        /// The release.
        package var scrapePool: String
        /// `baseline` or `canary`.
        package var pool: String
        package var scrapeUrl: String
        package var globalUrl: String
        package var lastError: String
        package var lastScrape: String
        /// Always 0: not measured per target.
        package var lastScrapeDuration = 0.0
        /// `up`, `down`, or `unknown` before the first scrape.
        package var health: String
    }

    package struct Dropped: Codable, Sendable {
        package var discoveredLabels: [String: String]
        package var scrapePool: String
        /// `relabelled`, `unmatched`, `overlap`, `unusable` or `duplicate`.
        package var reason: String
        package var detail: String
    }

    package struct Source: Codable, Sendable {
        package var scrapePool: String
        package var name: String
        package var kind: String
        package var targets: Int
        /// Of the last answer that could be used; absent before the first.
        package var lastSuccess: String?
        /// Why the last try failed; absent when it worked.
        package var lastError: String?
        package var stale: Bool
        /// The list is from the disk.
        package var fromDisk: Bool
        /// The answer that is held until its grace is over: `shrink 12 -> 0`.
        package var held: String?
        /// Targets that have come and gone more than six times in ten minutes, at most ten of them; absent without any.
        package var flapping: [String]?
    }

    package var status = "success"
    package var data: Targets

    init(_ snapshot: Snapshot, _ reports: [DiscoveryReport]) {
        let known = Dictionary(reports.map { ($0.release, $0) }, uniquingKeysWith: { first, _ in first })
        data = Targets(
            activeTargets: snapshot.releases.flatMap { Active.all(of: $0, known[$0.name]) },
            droppedTargets: reports.flatMap { report in report.dropped.map { Dropped($0, report.release) } },
            droppedTargetCounts: Dictionary(
                reports.map { ($0.release, $0.droppedCount) }, uniquingKeysWith: { first, _ in first }),
            sources: reports.flatMap { report in report.sources.map { Source($0, report.release) } })
    }

    fileprivate static func time(_ wallMs: Int64?) -> String? { wallMs.map { "\(WallTime(wallMs: $0))" } }
}

extension PrometheusTargets.Active {
    /// The targets that are scraped, whether they are listed or discovered.
    fileprivate static func all(of release: ReleaseSnapshot, _ report: DiscoveryReport?) -> [Self] {
        let found = Dictionary(
            (report?.active ?? []).map { ($0.target.instance, $0) }, uniquingKeysWith: { first, _ in first })
        return [("baseline", release.baseline), ("canary", release.canary)].flatMap { name, pool in
            pool.targets.map { Self($0, pool: name, release: release.name, found[$0.instance]) }
        }
    }

    private init(_ target: TargetSnapshot, pool: String, release: String, _ found: DiscoveryReport.Active?) {
        discoveredLabels = found?.discovered.dictionary ?? ["__address__": target.instance]
        labels = found?.labels.dictionary ?? ["instance": target.instance, "job": release]
        (scrapePool, self.pool) = (release, pool)
        (scrapeUrl, globalUrl) = (Redaction.url(target.url), Redaction.url(target.url))
        lastError = target.error ?? ""
        // As Prometheus shows a target that was not scraped yet.
        lastScrape = PrometheusTargets.time(target.lastScrapeWallMs) ?? "0001-01-01T00:00:00Z"
        health = target.isUp.map { $0 ? "up" : "down" } ?? "unknown"
    }
}

extension PrometheusTargets.Dropped {
    fileprivate init(_ dropped: DiscoveryReport.Dropped, _ release: String) {
        discoveredLabels = dropped.labels.dictionary
        (scrapePool, reason, detail) = (release, dropped.reason.rawValue, dropped.detail)
    }
}

extension PrometheusTargets.Source {
    fileprivate init(_ source: DiscoveryReport.Source, _ release: String) {
        (scrapePool, name, kind, targets) = (release, source.name, source.kind, source.targets)
        (lastSuccess, lastError) = (PrometheusTargets.time(source.lastSuccessWallMs), source.problem)
        (stale, fromDisk, held) = (source.isStale, source.isFromDisk, source.held)
        flapping = source.flapping.isEmpty ? nil : source.flapping
    }
}
