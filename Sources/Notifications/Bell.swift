import Synchronization

/// Wakes a loop that sleeps: at its time, or as soon as somebody rings. Ringing twice is ringing once.
final class Bell: Sendable {
    private struct State {
        var isRung = false
        var sleeper: Task<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let sleeper = state.withLock { state -> Task<Void, Never>? in
            state.isRung = true
            return state.sleeper
        }
        sleeper?.cancel()
    }

    /// Returns after `ms`, when the bell rings (or has rung since the last wait), or when the caller is cancelled.
    func wait(ms: Int64) async {
        let sleeper = Task { _ = try? await Task.sleep(for: .milliseconds(ms)) }
        let isRung = state.withLock { state -> Bool in
            state.sleeper = sleeper
            return state.isRung
        }
        if isRung { sleeper.cancel() }
        await withTaskCancellationHandler {
            await sleeper.value
        } onCancel: {
            sleeper.cancel()
        }
        state.withLock { state in
            state.isRung = false
            state.sleeper = nil
        }
    }
}
