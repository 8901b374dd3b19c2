import Simulation
import Support
import Synchronization

/// The seeds of a campaign, until there are no more or its time is over.
final class SeedSource: Sendable {
    private struct State {
        var left: Int
        var next: UInt64
        var drawn: SeededGenerator?
    }

    private let state: Mutex<State>
    private let end: ContinuousClock.Instant?

    init(first: UInt64, count: Int, text: String?, seconds: Int?) {
        state = Mutex(State(left: count, next: first, drawn: text.map(Campaign.seeds)))
        end = seconds.map { .now + .seconds($0) }
    }

    @Sendable func next() -> UInt64? {
        if let end, ContinuousClock.now >= end { return nil }
        return state.withLock { state in
            guard state.left > 0 else { return nil }
            state.left -= 1
            if let drawn = state.drawn?.next() { return drawn }
            defer { state.next &+= 1 }
            return state.next
        }
    }
}
