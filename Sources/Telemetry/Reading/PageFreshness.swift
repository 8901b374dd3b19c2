/// Whether a page tells what is true now, or repeats what an exporter or a cache rendered earlier.
///
/// Times are measured by the monotonic clock between the pages that were read; a page that could not be read does not
/// count.
public struct PageFreshness: Sendable, Equatable, Codable {
    /// The page is newer than the one before it: a watched counter moved, or the page's own timestamps did. False for a
    /// page that repeats the values of the one before, which says nothing about the time between them: the target may
    /// have had no traffic, or the exporter may not have renewed its page.
    public var isKnownNew: Bool
    /// Seconds since the first page that had the present values of the watched counters; 0 when this page is that one,
    /// nil for a target's first page.
    public var secondsSinceChange: Double?
    /// For a page on which the watched counters moved: seconds since the page on which they had moved before (or since
    /// the target's first page). Its largest value while a target has traffic is the longest time for which an
    /// unchanged page is no sign of silence. Nil for a page on which nothing moved, and for a first page.
    public var pauseSeconds: Double?
    /// The page's own timestamps are those of the page before, although they have been seen to advance.
    public var isFrozen = false
    /// Where the page has numbers that are known to move without traffic (CPU time, uptime, allocated bytes): seconds
    /// since the last page on which anything moved, 0 for this one. Nil where nothing tells an idle target from a cache
    /// that repeats its body.
    public var unrenewedSeconds: Double?

    public init(isKnownNew: Bool = true, secondsSinceChange: Double? = nil, pauseSeconds: Double? = nil) {
        self.isKnownNew = isKnownNew
        self.secondsSinceChange = secondsSinceChange
        self.pauseSeconds = pauseSeconds
    }
}

/// Follows one target's pages and says how fresh each one is.
struct FreshnessClock {
    private var lastChangeUptimeMs: Int64?
    private var newestTimestampMs: Int64?
    private var timestampsAdvance = false

    /// - Parameters:
    ///   - hasMoved: a watched counter has another value than on the page before.
    ///   - timestampMs: the newest timestamp of a watched series on the page; nil where the page has none.
    mutating func read(hasMoved: Bool, timestampMs: Int64?, atUptimeMs now: Int64) -> PageFreshness {
        let isFrozen = isFrozen(timestampMs, hasMoved: hasMoved)
        var isKnownNew = hasMoved
        if let timestampMs {
            if let newest = newestTimestampMs, timestampMs > newest { (isKnownNew, timestampsAdvance) = (true, true) }
            newestTimestampMs = max(newestTimestampMs ?? timestampMs, timestampMs)
        }
        guard let last = lastChangeUptimeMs else {
            lastChangeUptimeMs = now
            return PageFreshness(isKnownNew: true)
        }
        let seconds = Double(now - last) / 1_000
        guard hasMoved else {
            var freshness = PageFreshness(isKnownNew: isKnownNew, secondsSinceChange: seconds)
            freshness.isFrozen = isFrozen
            return freshness
        }
        lastChangeUptimeMs = now
        return PageFreshness(isKnownNew: true, secondsSinceChange: 0, pauseSeconds: seconds)
    }

    func isFrozen(_ timestampMs: Int64?, hasMoved: Bool) -> Bool {
        guard timestampsAdvance, !hasMoved, let timestampMs, let newest = newestTimestampMs else { return false }
        return timestampMs <= newest
    }
}
