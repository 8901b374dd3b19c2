import NIOCore
import Synchronization

/// A service's character: how long it takes, whether it fails, and what it counted. Shared by its connections.
final class ServiceBehaviour: Sendable {
    /// How one request will be answered.
    struct Answer {
        let code: Int
        let delayMicroseconds: Int64
    }

    private struct State {
        var random: SeededRandom
        var fault: DemoFault
        var metrics: ServiceMetrics
        var arrivals = Arrivals()
    }

    /// The longest extra delay, so that a mistyped number cannot hold requests for ever.
    static let longestExtraMs = 60_000

    let version: String
    let okText: String
    let errorText: String
    /// From the request for the exposition to the moment at which it is rendered.
    let expositionDelayMs: Int
    private let state: Mutex<State>

    init(version: String, instance: String, fault: DemoFault, seed: UInt64, expositionDelayMs: Int = 0) {
        self.version = version
        self.expositionDelayMs = expositionDelayMs
        okText = "ok from \(version) \(instance)\n"
        errorText = "error from \(version) \(instance)\n"
        state = Mutex(
            State(
                random: SeededRandom(seed: seed), fault: fault,
                metrics: ServiceMetrics(version: version, instance: instance)))
    }

    func setFault(_ fault: DemoFault) {
        state.withLock { $0.fault = fault }
    }

    /// Draws the next answer. Every request draws the same number of times, so that a fault does not shift the others.
    func draw() -> Answer {
        state.withLock { state in
            state.metrics.inFlight += 1
            var delay = Int64.random(in: 5_000...20_000, using: &state.random)
            let fault = state.fault
            var code = 200
            switch fault {
            case .errors(let share):
                if state.random.chance(share) { code = 500 }
            case .latency(let extraMs, let share):
                if state.random.chance(share) {
                    delay += Int64(min(max(extraMs, 0), Self.longestExtraMs)) * 1_000
                }
            case .none, .crash:
                _ = state.random.next()
            }
            return Answer(code: code, delayMicroseconds: delay)
        }
    }

    /// A request's last byte has come in.
    func arrived(wallMs: Int64, request: String?) {
        state.withLock { $0.arrivals.add(wallMs, request: request) }
    }

    func seen(of requests: Set<String>) -> Set<String> {
        state.withLock { $0.arrivals.seen(of: requests) }
    }

    func arrivals(afterWallMs wallMs: Int64) -> Int {
        state.withLock { $0.arrivals.count(after: wallMs) }
    }

    func answered(code: Int, method: String, seconds: Double, bytes: Int) {
        state.withLock { state in
            state.metrics.inFlight -= 1
            state.metrics.record(code: code, method: method, seconds: seconds, bytes: bytes)
        }
    }

    /// The connection closed before the answer could be written.
    func abandoned() {
        state.withLock { $0.metrics.inFlight -= 1 }
    }

    func page() -> String {
        let metrics = state.withLock { $0.metrics }
        return metrics.page()
    }
}
