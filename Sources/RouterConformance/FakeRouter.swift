package import Ports
import Synchronization

/// An HTTP router that lives in memory, with a state and a mood per instance: what drivers that speak HTTP are tested
/// against in milliseconds.
///
/// The model answers as the real router would; the moods are brought about around it, so that a model is the router's
/// own behaviour and nothing else.
package final class FakeRouter<State: Sendable>: HTTPTransport {
    /// The router's own behaviour.
    package struct Model: Sendable {
        /// What an instance starts with.
        package var shipped: State
        /// The weights of (baseline, canary) that are in force.
        package var weights: @Sendable (State) -> (baseline: Int, canary: Int)
        /// Another client sets the canary's share, in basis points; also moves the revision, where there is one.
        package var setShare: @Sendable (_ state: inout State, _ basisPoints: Int) -> Void
        /// Answers a request; `path` is its URL after the instance's address.
        package var answer: @Sendable (_ request: HTTPRequest, _ path: String, _ state: inout State) -> HTTPResponse
        /// Nil when the router does not report whether its servers are healthy.
        package var setBaselineHealth: (@Sendable (_ state: inout State, _ isHealthy: Bool) -> Void)?
        /// Whether a request only reads.
        package var isReading: @Sendable (HTTPRequest) -> Bool = { ["GET", "HEAD"].contains($0.method) }

        package init(
            shipped: State, weights: @escaping @Sendable (State) -> (baseline: Int, canary: Int),
            setShare: @escaping @Sendable (inout State, Int) -> Void,
            answer: @escaping @Sendable (HTTPRequest, String, inout State) -> HTTPResponse
        ) {
            self.shipped = shipped
            self.weights = weights
            self.setShare = setShare
            self.answer = answer
        }
    }

    private struct Instance: Sendable {
        var state: State
        var mood = RouterMood.well
        /// The last answer to each read while all was well, by URL: what the mood `stale` shows.
        var remembered: [String: HTTPResponse] = [:]
        var history: [(baseline: Int, canary: Int)] = []
    }

    package let addresses: [String]
    private let model: Model
    private let instances: Mutex<[Instance]>

    /// - Parameter addresses: one per instance, as requests begin with them.
    package init(addresses: [String], model: Model) {
        self.addresses = addresses
        self.model = model
        instances = Mutex(addresses.map { _ in Instance(state: model.shipped) })
    }

    package func state(of instance: Int) -> State { instances.withLock { $0[instance].state } }

    func weights(of instance: Int) -> (baseline: Int, canary: Int) { model.weights(state(of: instance)) }

    var history: [(baseline: Int, canary: Int)] { instances.withLock { $0.flatMap(\.history) } }

    var moods: [RouterMood] {
        RouterMood.allCases.filter { $0 != .well && ($0 != .baselineDown || model.setBaselineHealth != nil) }
    }

    func setShare(_ basisPoints: Int, of instance: Int) { change(instance) { model.setShare(&$0, basisPoints) } }

    func ship(_ instance: Int) { change(instance) { $0 = model.shipped } }

    func setMood(_ mood: RouterMood, of instance: Int) {
        change(instance) { model.setBaselineHealth?(&$0, mood != .baselineDown) }
        instances.withLock { $0[instance].mood = mood }
    }

    private func change(_ instance: Int, _ work: (inout State) -> Void) {
        instances.withLock {
            work(&$0[instance].state)
            $0[instance].history.append(model.weights($0[instance].state))
        }
    }

    // MARK: Requests

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard let index = addresses.firstIndex(where: { request.url.hasPrefix($0) }) else {
            throw .connectFailed(address: request.url, reason: "no such instance")
        }
        let name = addresses[index]
        switch instances.withLock({ $0[index].mood }) {
        case .well, .baselineDown: return answer(request, index, remembers: true)
        case .refused: throw .connectFailed(address: name, reason: "connection refused")
        case .hangs:
            // A cancelled wait and one that ends are the same to the caller: no answer.
            try? await Task.sleep(for: .milliseconds(request.timeoutMs))
            throw .timedOut(address: name, afterMs: request.timeoutMs)
        case .losesAnswers:
            let reply = answer(request, index)
            guard !model.isReading(request) else { return reply }
            throw .broken(address: name, reason: "the connection was reset")
        case .declines: return HTTPResponse(status: 403, body: FakeRouter.echo(request))
        case .fails: return HTTPResponse(status: 503, body: FakeRouter.echo(request))
        case .rubbish: return HTTPResponse(status: 200, body: Array("<html>\u{0} {\"split\": ".utf8))
        case .lies: return answer(request, index, keeps: model.isReading(request))
        case .stale:
            let old = model.isReading(request) ? instances.withLock { $0[index].remembered[request.url] } : nil
            return old ?? answer(request, index)
        case .contested:
            if !model.isReading(request) { setShare(4_000, of: index) }
            return answer(request, index)
        }
    }

    private func answer(
        _ request: HTTPRequest, _ index: Int, remembers: Bool = false, keeps: Bool = true
    ) -> HTTPResponse {
        let path = String(request.url.dropFirst(addresses[index].count))
        return instances.withLock { instances in
            var state = instances[index].state
            let reply = model.answer(request, path, &state)
            if keeps {
                instances[index].state = state
                instances[index].history.append(model.weights(state))
            }
            if remembers, model.isReading(request), (200..<300).contains(reply.status) {
                instances[index].remembered[request.url] = reply
            }
            return reply
        }
    }

    /// Servers like to show what they refuse; a token in there must be masked.
    private static func echo(_ request: HTTPRequest) -> [UInt8] {
        let headers = request.headers.map { "\($0.name): \($0.value)" }.joined(separator: ", ")
        return Array("no: \(request.method) \(request.url) \(headers)".utf8)
    }
}

extension RouterBench {
    /// A bench whose router is a fake: everything can be brought about but wrong names and wrong credentials, which the
    /// caller adds.
    package init<State>(driver: any RouterDriver, fake: FakeRouter<State>, shares: [Int] = [0, 1_000, 5_000, 0]) {
        self.init(
            driver: driver, shares: shares, timeoutMs: 1_000, shippedBasisPoints: fake.shippedBasisPoints,
            held: { fake.share(of: $0) })
        tamper = { fake.setShare($1, of: $0) }
        setMood = { fake.setMood($1, of: $0) }
        moods = fake.moods
        restart = { fake.ship($0) }
        history = { fake.history }
    }
}

extension FakeRouter {
    var shippedBasisPoints: Int { FakeRouter.basisPoints(model.weights(model.shipped)) }

    func share(of instance: Int) -> Int { FakeRouter.basisPoints(weights(of: instance)) }

    private static func basisPoints(_ weights: (baseline: Int, canary: Int)) -> Int {
        let sum = weights.baseline + weights.canary
        return sum > 0 ? (weights.canary * 10_000 + sum / 2) / sum : -1
    }
}
