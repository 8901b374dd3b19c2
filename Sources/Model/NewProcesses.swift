/// Which processes are new: they started while the target was already watched, so their counters began at zero during
/// the watch.
public enum NewProcesses {
    /// The time in which a new process started, by the present wall clock, seconds since the epoch.
    ///
    /// Its length is measured by the monotonic clock: a wall clock that was set in between must not make a process that
    /// has been running for a day a new one, because then a whole day's errors would count as those of the last seconds.
    ///
    /// - Parameter uptimeMs: since when the target has been watched.
    public static func started(sinceUptimeMs uptimeMs: Int64, at now: Moment) -> ClosedRange<Double> {
        let watchedMs = max(0, now.uptimeMs - uptimeMs)
        return Double(now.wallMs - watchedMs) / 1_000...Double(now.wallMs) / 1_000
    }
}
