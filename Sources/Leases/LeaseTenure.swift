/// How long this replica may act as the leader, by the monotonic clock.
///
/// The time of a lease counts from before its renewal was sent, and ends by a margin earlier than in the store: the clocks of two
/// hosts run at different speeds. Wall clocks are never compared. Pure: the caller says what time it is.
///
/// Source: M. Burrows, "The Chubby lock service for loosely-coupled distributed systems", 2006, section 2.8.
package struct LeaseTenure: Sendable, Equatable {
    package let ttlMs: Int64
    /// The end of the session as this replica sees it; nil without a session.
    package private(set) var untilUptimeMs: Int64?

    package init(ttlMs: Int64) { self.ttlMs = ttlMs }

    /// A tenth of the lease, and at least a second: more than two clocks drift apart in that time.
    package var marginMs: Int64 { max(1_000, ttlMs / 10) }

    /// Between two renewals: two may fail before the lease ends.
    package var renewEveryMs: Int64 { ttlMs / 4 }

    /// Of a call to the store: it is over while there is time for another one.
    package var callTimeoutMs: Int64 { max(500, ttlMs / 5) }

    /// After a leader has not been seen for so long, each replica sends its own notifications.
    package var aloneAfterMs: Int64 { 2 * ttlMs }

    /// The store has taken a renewal that was sent at this moment, or one that began a session.
    package mutating func renewed(sentUptimeMs: Int64) {
        untilUptimeMs = max(untilUptimeMs ?? .min, sentUptimeMs + ttlMs - marginMs)
    }

    /// The session has ended.
    package mutating func ended() { untilUptimeMs = nil }

    package func isValid(atUptimeMs now: Int64) -> Bool { untilUptimeMs.map { now < $0 } ?? false }

    /// When the next renewal is due.
    package var renewUptimeMs: Int64? { untilUptimeMs.map { $0 - ttlMs + marginMs + renewEveryMs } }
}
