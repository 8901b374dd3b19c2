/// A machine's clock against the world's: a little faster or slower, and at rest while the machine is (a virtual machine that is
/// moved to another host).
struct MachineClock {
    /// Faster than the world's by so many millionths.
    var ppm: Int64 = 0
    /// At this time of the world the clock showed ``shownMs``, and has been running since.
    private var sinceMs: Int64 = 0
    private var shownMs: Int64 = 0
    /// When it last ran again after it was at rest, by the world's clock; nil when it never was.
    private(set) var resumedMs: Int64?
    /// How long it was at rest in all: the wall clock is set right by that after each rest, as a time server does it.
    private(set) var restedMs: Int64 = 0

    /// Milliseconds since the beginning of the run.
    func localMs(atMs now: Int64) -> Int64 {
        let ranMs = max(0, now - sinceMs)
        return shownMs + ranMs + ranMs * ppm / 1_000_000
    }

    /// How long the world waits until this clock has advanced by so much.
    func worldMs(of localMs: Int64) -> Int64 {
        guard ppm != 0 else { return localMs }
        return (localMs * 1_000_000 + 999_999 + ppm) / (1_000_000 + ppm)
    }

    /// It rests no longer, if it does.
    mutating func resume(atMs now: Int64) {
        guard sinceMs > now else { return }
        restedMs -= sinceMs - now
        (sinceMs, resumedMs) = (now, now)
    }

    mutating func stop(fromMs now: Int64, untilMs: Int64) {
        shownMs = localMs(atMs: now)
        restedMs += max(0, untilMs - max(now, sinceMs))
        (sinceMs, resumedMs) = (untilMs, untilMs)
    }
}
