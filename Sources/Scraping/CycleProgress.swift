import Model
import Ports
import Synchronization

/// How far one scrape cycle is: it ends once, with its last scrape, or earlier where the plan does not wait for those
/// that are late.
final class CycleProgress: Sendable {
    private struct State {
        var reported: Set<Pool> = []
        var isAskedWhole = false
        var isEnded = false
        var timer: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let lateAfterMs: Int64?
    private let clock: any DaemonClock
    private let end: @Sendable () async -> Void

    /// - Parameters:
    ///   - lateAfterMs: counted from the moment when all were asked and both pools have reported; nil waits for all.
    ///   - end: called once.
    init(lateAfterMs: Int64?, clock: any DaemonClock, end: @escaping @Sendable () async -> Void) {
        self.lateAfterMs = lateAfterMs
        self.clock = clock
        self.end = end
    }

    /// Every target has been asked: no target is late before that.
    func askedAll() {
        state.withLock { state in
            state.isAskedWhole = true
            startTimerIfDue(&state)
        }
    }

    /// A target of the pool has answered with a scrape body.
    func reported(_ pool: Pool) {
        state.withLock { state in
            state.reported.insert(pool)
            startTimerIfDue(&state)
        }
    }

    private func startTimerIfDue(_ state: inout State) {
        guard let lateAfterMs, state.reported.count == Pool.allCases.count, state.isAskedWhole else { return }
        guard state.timer == nil, !state.isEnded else { return }
        state.timer = clock.start { [clock] in
            do { try await clock.sleep(ms: lateAfterMs) } catch { return }
            await self.finish()
        }
    }

    var isWaitingForTheLate: Bool { state.withLock { $0.timer != nil } }

    /// All scrapes are over, or the late ones are not waited for any longer.
    func finish() async {
        let isFirst = state.withLock { state in
            defer { state.isEnded = true }
            state.timer?.cancel()
            return !state.isEnded
        }
        if isFirst { await end() }
    }

    /// The cycle is given up: it does not end at all.
    func abandon() {
        state.withLock { state in
            state.isEnded = true
            state.timer?.cancel()
        }
    }
}
