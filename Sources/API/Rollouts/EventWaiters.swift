import ServiceLifecycle
import Synchronization

/// Callers that wait for a rollout's next event. Only so many wait at the same time: each holds a connection.
final class EventWaiters: Sendable {
    static let limit = 64
    /// The longest wait of a caller.
    static let longestSeconds: Double = 60
    private static let pause: Duration = .milliseconds(500)

    private let waiting = Mutex(0)

    /// Polls until there is something, the time is over, or the daemon stops.
    ///
    /// - Parameter seconds: 0 polls once; so does a wait for which there is no room.
    /// - Returns: what the last poll found.
    func wait<Found: Sendable>(
        seconds: Double, _ look: () async -> (found: Found, isEnough: Bool)
    ) async -> Found {
        var last = await look()
        guard !last.isEnough, seconds > 0, enter() else { return last.found }
        defer { waiting.withLock { $0 -= 1 } }
        let end = ContinuousClock.now + .seconds(min(seconds, EventWaiters.longestSeconds))
        while !last.isEnough, ContinuousClock.now < end {
            let rest = min(EventWaiters.pause, end - ContinuousClock.now)
            let isStopping = await cancelWhenGracefulShutdown {
                do { try await Task.sleep(for: rest) } catch { return true }
                return false
            }
            if isStopping { break }
            last = await look()
        }
        return last.found
    }

    private func enter() -> Bool {
        waiting.withLock { count in
            guard count < EventWaiters.limit else { return false }
            count += 1
            return true
        }
    }
}
