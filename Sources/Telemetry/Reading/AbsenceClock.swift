/// Follows one target's scrape bodies that show their pool without any series of requests: a library has no series before the
/// first request, and a proxy that was given another configuration may have removed it.
///
/// What came between the last body with such a series and the first one without is not known, so only the time between two
/// bodies without counts, and only while the process is the same: one that has restarted has forgotten what it served. Series that
/// had just moved are waited for as everywhere, because a scrape body may lack them and the next one have them again.
struct AbsenceClock {
    private var last: (uptimeMs: Int64, startSeconds: Double?)?

    /// - Parameter isWaiting: series that had moved are missing, and still waited for.
    /// - Returns: seconds without requests, see ``TargetReading/absentSeconds``.
    mutating func read(_ reading: TargetReading, isWaiting: Bool, atUptimeMs now: Int64) -> Double? {
        let matches = reading.matches
        guard matches.requests == 0, matches.presence > 0, !isWaiting, !reading.isAmbiguous else {
            last = nil
            return nil
        }
        let before = last
        last = (now, reading.processStartSeconds)
        guard let before, before.startSeconds == reading.processStartSeconds else { return nil }
        return Double(now - before.uptimeMs) / 1_000
    }
}
