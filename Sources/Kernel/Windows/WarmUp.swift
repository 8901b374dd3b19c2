import Model

/// The first seconds of a target's process, in which caches are empty and code is not compiled: its latency is not compared then.
/// Its errors count from the first request.
///
/// Only the process's age decides. Each target gets it once in a release: one that restarts is counted at once, because
/// restarting may be the version's fault.
struct WarmUp: Sendable, Equatable {
    /// Start times that are so near are the same process, seconds.
    private static let toleranceSeconds = 1.0

    /// Unix seconds of the first process that was seen; nil before it, and where targets do not report it.
    private var firstStartSeconds: Double?
    private var endsUptimeMs: Int64?

    /// A target's scrape body says when its process started (Unix seconds).
    ///
    /// - Parameter durationMs: 0 for no warm-up. A target's clock that is wrong does not make it longer.
    mutating func note(startSeconds: Double?, durationMs: Int64, at now: Moment) {
        guard let startSeconds, durationMs > 0 else { return }
        guard let first = firstStartSeconds else {
            firstStartSeconds = startSeconds
            let ageMs = (Double(now.wallMs) - startSeconds * 1_000).rounded()
            let leftMs = durationMs - Int64(min(max(ageMs, 0), Double(durationMs)))
            endsUptimeMs = leftMs > 0 ? now.uptimeMs + leftMs : nil
            return
        }
        if abs(startSeconds - first) > WarmUp.toleranceSeconds { endsUptimeMs = nil }
    }

    /// Whether counts that began to come about then are, or may be, of a process that warms up.
    func covers(uptimeMs: Int64) -> Bool { endsUptimeMs.map { uptimeMs < $0 } ?? false }
}
