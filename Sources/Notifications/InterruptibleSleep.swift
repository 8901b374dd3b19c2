import Ports
import Synchronization

/// A sleep of a loop that another task can end early. Several wake-ups before the next sleep count as one.
final class InterruptibleSleep: Sendable {
    private struct State {
        var isWoken = false
        var sleeper: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let clock: any DaemonClock

    init(clock: any DaemonClock) { self.clock = clock }

    func wake() {
        let sleeper = state.withLock { state -> Task<Void, Never>? in
            state.isWoken = true
            return state.sleeper
        }
        sleeper?.cancel()
    }

    /// Returns after `ms`, after ``wake()`` (also when it was called since the last sleep), or when the caller is
    /// cancelled.
    func sleep(ms: Int64) async {
        let sleeper = clock.start { [clock] in _ = try? await clock.sleep(ms: ms) }
        let isWoken = state.withLock { state -> Bool in
            state.sleeper = sleeper
            return state.isWoken
        }
        if isWoken { sleeper.cancel() }
        await withTaskCancellationHandler {
            await sleeper.value
        } onCancel: {
            sleeper.cancel()
        }
        state.withLock { state in
            state.isWoken = false
            state.sleeper = nil
        }
    }
}
