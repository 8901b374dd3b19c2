import Synchronization

/// What the router counts, and its page in text format 0.0.4.
final class RouterMetrics: Sendable {
    private struct Answer: Hashable {
        /// The place of the version; 2 for requests that were refused before one was chosen.
        let version: Int
        let code: Int
    }

    private struct Histogram {
        var buckets = [Int](repeating: 0, count: RouterMetrics.bounds.count)
        var count = 0
        var sum = 0.0
    }

    private struct State {
        var answers: [Answer: Int] = [:]
        var errors = [0, 0]
        var durations = [Histogram(), Histogram()]
    }

    private static let bounds: [(seconds: Double, text: String)] = [
        (0.001, "0.001"), (0.0025, "0.0025"), (0.005, "0.005"), (0.01, "0.01"), (0.025, "0.025"), (0.05, "0.05"),
        (0.1, "0.1"), (0.25, "0.25"), (0.5, "0.5"), (1, "1"), (2.5, "2.5"), (5, "5"), (10, "10"), (30, "30"),
    ]

    private let versions: [String]
    private let state = Mutex(State())
    private let open = Atomic<Int>(0)

    init(versions: [String]) { self.versions = versions }

    // MARK: counting

    func finished(_ version: Version, code: Int, seconds: Double) {
        state.withLock { state in
            state.answers[Answer(version: version.rawValue, code: code), default: 0] += 1
            state.durations[version.rawValue].count += 1
            state.durations[version.rawValue].sum += seconds
            if let bucket = Self.bounds.firstIndex(where: { seconds <= $0.seconds }) {
                state.durations[version.rawValue].buckets[bucket] += 1
            }
        }
    }

    /// A 502 or 504 of the router's own.
    func failed(_ version: Version) { state.withLock { $0.errors[version.rawValue] += 1 } }

    /// A request that no version was chosen for.
    func refused(code: Int) { state.withLock { $0.answers[Answer(version: 2, code: code), default: 0] += 1 } }

    /// False when there are `limit` connections already; then it is not counted.
    func opened(limit: Int) -> Bool {
        guard open.wrappingAdd(1, ordering: .relaxed).newValue > limit else { return true }
        closed()
        return false
    }

    func closed() { open.wrappingSubtract(1, ordering: .relaxed) }

    // MARK: the page

    func page(canaryBasisPoints: Int) -> String {
        let state = state.withLock { $0 }
        let lines =
            family("requests_total", "counter", "Requests by version and status code; 499: the client went away.")
            + answerLines(state)
            + family("errors_total", "counter", "Requests that the router answered 502 or 504 itself.")
            + versions.enumerated().map { "gray_router_errors_total{version=\"\(escaped($1))\"} \(state.errors[$0])" }
            + family("request_duration_seconds", "histogram", "From the request's head to the end of its answer.")
            + versions.indices.flatMap { durationLines(state, $0) }
            + family("split_canary_basis_points", "gauge", "The canary's share in force, 0 to 10000.")
            + ["gray_router_split_canary_basis_points \(canaryBasisPoints)"]
            + family("open_connections", "gauge", "Client connections.")
            + ["gray_router_open_connections \(open.load(ordering: .relaxed))", ""]
        return lines.joined(separator: "\n")
    }

    private func family(_ name: String, _ type: String, _ help: String) -> [String] {
        ["# HELP gray_router_\(name) \(help)", "# TYPE gray_router_\(name) \(type)"]
    }

    private func answerLines(_ state: State) -> [String] {
        let names = versions + ["none"]
        return state.answers.sorted { ($0.key.version, $0.key.code) < ($1.key.version, $1.key.code) }.map {
            key, count in
            "gray_router_requests_total{version=\"\(escaped(names[key.version]))\",code=\"\(key.code)\"} \(count)"
        }
    }

    private func durationLines(_ state: State, _ version: Int) -> [String] {
        let name = "gray_router_request_duration_seconds"
        let label = "version=\"\(escaped(versions[version]))\""
        let histogram = state.durations[version]
        var cumulative = 0
        var lines = zip(Self.bounds, histogram.buckets).map { bound, count in
            cumulative += count
            return "\(name)_bucket{\(label),le=\"\(bound.text)\"} \(cumulative)"
        }
        lines.append("\(name)_bucket{\(label),le=\"+Inf\"} \(histogram.count)")
        lines.append("\(name)_sum{\(label)} \(histogram.sum)")
        lines.append("\(name)_count{\(label)} \(histogram.count)")
        return lines
    }

    /// Versions are visible ASCII; these two are the ones that a label value cannot hold as they are.
    private func escaped(_ text: String) -> String {
        text.reduce(into: "") { $0 += $1 == "\\" || $1 == "\"" ? "\\\($1)" : "\($1)" }
    }
}
