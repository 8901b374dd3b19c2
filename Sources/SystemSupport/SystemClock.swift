import Glibc
package import Model
import Ports

/// The machine's two clocks. The monotonic one also runs while the machine sleeps: a lease, a deadline or a window must not last
/// longer because of that.
package struct SystemClock: DaemonClock {
    package init() {}

    package var now: Moment { Moment(uptimeMs: SystemClock.read(CLOCK_BOOTTIME), wallMs: wallMs) }

    /// Milliseconds since the Unix epoch.
    package var wallMs: Int64 { SystemClock.read(CLOCK_REALTIME) }

    /// Nanoseconds of the monotonic clock, for measuring.
    package var uptimeNs: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    public var taskExecutor: (any TaskExecutor)? { nil }

    public func sleep(ns: Int64) async throws(CancellationError) {
        do { try await Task.sleep(for: .nanoseconds(max(0, ns))) } catch { throw CancellationError() }
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
