import Glibc

/// The one clock of everything that is measured between processes.
enum MonotonicTime {
    /// Nanoseconds; the zero means nothing.
    static var nowNs: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
