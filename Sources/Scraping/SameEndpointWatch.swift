import Model
import Support
import Synchronization
import Telemetry

/// Finds out whether targets of both pools are one endpoint: their addresses differ in the query alone, which the
/// exporter ignores, or their names lead to the same port. Then both pools would have the same numbers, and every
/// comparison would say "no difference".
///
/// Two scrape bodies are taken for one while they match the same number of series, do not name different start times,
/// and the sums of their counters are no further apart than what the counters rose by in a scrape. Two services whose
/// lifetimes of counters lie so close are possible only at their very beginning, and then for a few scrapes.
final class SameEndpointWatch: Sendable {
    private struct Seen {
        let pool: Pool
        let instance: String
        let total: SeriesTotal
        /// Since the scrape before.
        let rise: Double
        /// Scrapes in a row after which the scrape bodies were alike while the counters of both moved.
        var alike = 0
    }

    private let seen = Mutex<[Seen]>([])
    private let confirmations: Int

    /// - Parameter confirmations: so many scrapes in a row have to be alike, while the counters of both scrape bodies
    ///   move.
    init(confirmations: Int = 0) { self.confirmations = confirmations }

    /// Takes a scrape body down.
    ///
    /// - Returns: the target of the other pool that has the same body; nil when there is none, or none has been read.
    func twin(of instance: String, in pool: Pool, total: SeriesTotal) -> String? {
        seen.withLock { seen in
            let index = seen.firstIndex { $0.pool == pool && $0.instance == instance }
            let rise = index.map { max(0, total.total - seen[$0].total.total) } ?? 0
            var here = Seen(pool: pool, instance: instance, total: total, rise: rise)
            let twin = seen.first { $0.pool != pool && Self.isSame($0, here) }
            if let twin {
                let isMoving = rise > 0 && twin.rise > 0
                here.alike = (index.map { seen[$0].alike } ?? 0) + (isMoving ? 1 : 0)
            }
            if let index { seen[index] = here } else { seen.append(here) }
            return here.alike >= confirmations ? twin?.instance : nil
        }
    }

    private static func isSame(_ one: Seen, _ other: Seen) -> Bool {
        let (first, second) = (one.total, other.total)
        guard first.series == second.series, max(first.total, second.total) > 0 else { return false }
        if let start = first.startSeconds, let other = second.startSeconds, start != other { return false }
        // One of them may have been read a scrape later. Before the first rise only near equality counts.
        let rise = max(one.rise, other.rise)
        let tolerance = rise > 0 ? 1.25 * rise : 0.01 * max(first.total, second.total)
        return abs(first.total - second.total) <= tolerance + 2
    }

    /// A watch for each scrape body that targets of both pools address with different queries.
    ///
    /// - Returns: by the identity of the target.
    static func watches(of release: ReleasePlan) -> [EndpointIdentity: SameEndpointWatch] {
        var canaries: [EndpointIdentity: [EndpointIdentity]] = [:]
        for target in release.canary.targets {
            canaries[target.identity.withoutQuery, default: []].append(target.identity)
        }
        var watches: [EndpointIdentity: SameEndpointWatch] = [:]
        var shared: [EndpointIdentity: SameEndpointWatch] = [:]
        for target in release.baseline.targets {
            let endpoint = target.identity.withoutQuery
            let others = canaries[endpoint] ?? []
            guard others.contains(where: { $0 != target.identity }) else { continue }
            let watch = shared[endpoint] ?? SameEndpointWatch()
            shared[endpoint] = watch
            for identity in others + [target.identity] { watches[identity] = watch }
        }
        return watches
    }
}
