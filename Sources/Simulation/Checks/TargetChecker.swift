import Model

/// What holds of targets that come, go and change their pool:
///
/// - What a target reports in a pool happened while it was in that pool: no count travels from one pool to the other.
/// - A target that is removed gets no request once the cycle that was under way is over.
struct TargetChecker {
    private struct Known {
        var pool: Pool
        /// When it came from the other pool, by the daemon's monotonic clock; nil for one that did not.
        var cameUptimeMs: Int64?
    }

    /// By release and instance, in the present life of the daemon.
    private var known: [[String: Known]]
    /// When a target was removed.
    private var goneMs: [[String: Int64]]

    init(releases: Int) {
        known = Array(repeating: [:], count: releases)
        goneMs = Array(repeating: [:], count: releases)
    }

    /// Another process of the daemon has no counts to carry.
    mutating func restarted() { self = TargetChecker(releases: known.count) }

    mutating func watches(_ plan: ReleasePlan, release: Int, nowMs: Int64, uptimeMs: Int64) {
        var listed: Set<String> = []
        for pool in Pool.allCases {
            for target in plan.pool(pool).targets {
                listed.insert(target.instance)
                goneMs[release][target.instance] = nil
                let before = known[release][target.instance]
                if before?.pool == pool { continue }
                known[release][target.instance] = Known(pool: pool, cameUptimeMs: before.map { _ in uptimeMs })
            }
        }
        for name in known[release].keys where !listed.contains(name) && goneMs[release][name] == nil {
            goneMs[release][name] = nowMs
        }
    }

    func scraped(_ report: ScrapeReport, release: Int) -> String? {
        guard let one = known[release][report.instance], one.pool == report.pool, let came = one.cameUptimeMs,
            case .success(let reading, _) = report.outcome, let covered = reading.coveredSeconds,
            let sampled = report.sampledUptimeMs, sampled.lowerBound >= came
        else { return nil }
        let beganMs = sampled.upperBound - Int64(covered * 1_000)
        guard beganMs < came - Self.roundingMs else { return nil }
        return
            "\(report.instance) reports in the \(report.pool.rawValue) what it counted \(came - beganMs) ms before it "
            + "came there"
    }

    private static let roundingMs: Int64 = 20

    /// - Parameter resumedMs: when the daemon's process was last stopped until.
    func scrapes(
        _ instance: String, release: Int, plan: ReleasePlan, nowMs: Int64, resumedMs: Int64
    ) -> String? {
        guard let gone = goneMs[release][instance], resumedMs < gone else { return nil }
        guard nowMs - gone > plan.scrape.intervalMs + Self.roundingMs else { return nil }
        return "\(instance) of \(plan.name) was removed \(nowMs - gone) ms ago and is asked for its metrics"
    }
}
