/// Whether a scrape body reports what is true now, or repeats what an exporter or a cache rendered earlier.
///
/// Times are measured by the monotonic clock between the bodies that were read; a body that could not be read does not
/// count.
public struct BodyFreshness: Sendable, Equatable, Codable {
    /// The scrape body is newer than the one before it: a watched counter moved, or the body's own timestamps did.
    /// False for a body that repeats the values of the one before, which says nothing about the time between them: the
    /// target may have had no traffic, or the exporter may not have renewed its body.
    public var isKnownNew: Bool
    /// Seconds since the first scrape body that had the present values of the watched counters; 0 when this body is
    /// that one, nil for a target's first body.
    public var secondsSinceChange: Double?
    /// For a scrape body in which the watched counters moved: seconds since the body in which they had moved before (or
    /// since the target's first body). Its largest value while a target has traffic is the longest time for which an
    /// unchanged body is no sign of silence. Nil for a body in which nothing moved, and for a first body.
    public var pauseSeconds: Double?
    /// The scrape body's own timestamps are those of the body before, although they have been seen to advance.
    public var isFrozen = false
    /// Where the scrape body has numbers that are known to move without traffic (CPU time, uptime, allocated bytes):
    /// seconds since the last body in which anything moved, 0 for this one. Nil where nothing reports an idle target
    /// from a cache that repeats its body.
    public var unrenewedSeconds: Double?

    public init(isKnownNew: Bool = true, secondsSinceChange: Double? = nil, pauseSeconds: Double? = nil) {
        self.isKnownNew = isKnownNew
        self.secondsSinceChange = secondsSinceChange
        self.pauseSeconds = pauseSeconds
    }
}

/// Follows one target's scrape bodies and says how fresh each one is.
struct FreshnessClock {
    private var lastChangeUptimeMs: Int64?
    private var newestTimestampMs: Int64?
    private var timestampsAdvance = false

    /// - Parameters:
    ///   - hasMoved: a watched counter has another value than in the scrape body before.
    ///   - timestampMs: the newest timestamp of a watched series in the body; nil where the body has none.
    mutating func read(hasMoved: Bool, timestampMs: Int64?, atUptimeMs now: Int64) -> BodyFreshness {
        let isFrozen = isFrozen(timestampMs, hasMoved: hasMoved)
        var isKnownNew = hasMoved
        if let timestampMs {
            if let newest = newestTimestampMs, timestampMs > newest { (isKnownNew, timestampsAdvance) = (true, true) }
            newestTimestampMs = max(newestTimestampMs ?? timestampMs, timestampMs)
        }
        guard let last = lastChangeUptimeMs else {
            lastChangeUptimeMs = now
            return BodyFreshness(isKnownNew: true)
        }
        let seconds = Double(now - last) / 1_000
        guard hasMoved else {
            var freshness = BodyFreshness(isKnownNew: isKnownNew, secondsSinceChange: seconds)
            freshness.isFrozen = isFrozen
            return freshness
        }
        lastChangeUptimeMs = now
        return BodyFreshness(isKnownNew: true, secondsSinceChange: 0, pauseSeconds: seconds)
    }

    func isFrozen(_ timestampMs: Int64?, hasMoved: Bool) -> Bool {
        guard timestampsAdvance, !hasMoved, let timestampMs, let newest = newestTimestampMs else { return false }
        return timestampMs <= newest
    }
}
