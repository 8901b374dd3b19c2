import Synchronization
import Telemetry

/// What the router counts, and its exposition in text format 0.0.4.
final class RouterMetrics: Sendable {
    /// One version's counts. A reload may bring new versions; the counts of earlier ones stay in the exposition, so
    /// that a scraper misses none.
    private struct Counts {
        let id: Int
        let version: String
        var answers: [Int: Int] = [:]
        var errors = 0
        var durations = HistogramCounts(bounds: MetricFamily.durations.bounds)
    }

    /// Names the counts of one version.
    struct Counter: Sendable {
        fileprivate let id: Int
    }

    private struct State {
        var versions: [Counts] = []
        var nextId = 0
        /// Requests that were refused before a version was chosen, by code.
        var refused: [Int: Int] = [:]

        mutating func change(_ counter: Counter, _ body: (inout Counts) -> Void) {
            guard let index = versions.firstIndex(where: { $0.id == counter.id }) else { return }
            body(&versions[index])
        }
    }

    /// With more versions than this the counts of the oldest ones are dropped.
    private static let versionLimit = 16

    private let state = Mutex(State())
    private let open = Atomic<Int>(0)

    // MARK: counting

    /// The counters of these versions, which differ. A version that was here before continues where it was.
    func counters(for versions: [String]) -> [Counter] {
        state.withLock { state in
            let counters = versions.map { version in
                if let known = state.versions.first(where: { $0.version == version }) { return Counter(id: known.id) }
                defer { state.nextId += 1 }
                state.versions.append(Counts(id: state.nextId, version: version))
                return Counter(id: state.nextId)
            }
            while state.versions.count > Self.versionLimit,
                let oldest = state.versions.firstIndex(where: { !versions.contains($0.version) })
            {
                state.versions.remove(at: oldest)
            }
            return counters
        }
    }

    func finished(_ counter: Counter, code: Int, seconds: Double) {
        state.withLock { state in
            state.change(counter) { counts in
                counts.answers[code, default: 0] += 1
                counts.durations.observe(seconds)
            }
        }
    }

    /// A 502 or 504 of the router's own.
    func failed(_ counter: Counter) { state.withLock { $0.change(counter) { $0.errors += 1 } } }

    /// A request that no version was chosen for.
    func refused(code: Int) { state.withLock { $0.refused[code, default: 0] += 1 } }

    /// False when there are `limit` connections already; then it is not counted.
    func opened(limit: Int) -> Bool {
        guard open.wrappingAdd(1, ordering: .relaxed).newValue > limit else { return true }
        closed()
        return false
    }

    /// - Returns: how many are open still.
    @discardableResult
    func closed() -> Int { open.wrappingSubtract(1, ordering: .relaxed).newValue }

    // MARK: the exposition

    func exposition(canaryBasisPoints: Int) -> String {
        let state = state.withLock { $0 }
        var samples = MetricSamples()
        for counts in state.versions {
            addAnswers(counts.answers, of: counts.version, to: &samples)
            samples.add(.errors, [counts.version], Double(counts.errors))
            samples.add(.durations, [counts.version], counts.durations)
        }
        addAnswers(state.refused, of: "none", to: &samples)
        samples.add(.canaryBasisPoints, [], Double(canaryBasisPoints))
        samples.add(.openConnections, [], Double(open.load(ordering: .relaxed)))
        return samples.text(MetricFamily.ofTheRouter)
    }

    private func addAnswers(_ answers: [Int: Int], of version: String, to samples: inout MetricSamples) {
        for (code, count) in answers.sorted(by: { $0.key < $1.key }) {
            samples.add(.requests, [version, "\(code)"], Double(count))
        }
    }
}

extension MetricFamily {
    fileprivate static let requests = MetricFamily(
        "gray_router_requests_total", .counter, ["version", "code"],
        "Requests by version and status code; 499: the client went away.")
    fileprivate static let errors = MetricFamily(
        "gray_router_errors_total", .counter, ["version"], "Requests that the router answered 502 or 504 itself.")
    fileprivate static let durations = MetricFamily(
        "gray_router_request_duration_seconds",
        .histogram([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]), ["version"],
        "From the request's head to the end of its answer.")
    fileprivate static let canaryBasisPoints = MetricFamily(
        "gray_router_split_canary_basis_points", .gauge, [], "The canary's share in force, 0 to 10000.")
    fileprivate static let openConnections = MetricFamily(
        "gray_router_open_connections", .gauge, [], "Client connections.")

    fileprivate static let ofTheRouter = [requests, errors, durations, canaryBasisPoints, openConnections]
}
