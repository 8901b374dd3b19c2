import Synchronization

/// What the router counts, and its page in text format 0.0.4.
final class RouterMetrics: Sendable {
    private struct Histogram {
        var buckets = [Int](repeating: 0, count: RouterMetrics.bounds.count)
        var count = 0
        var sum = 0.0
    }

    /// One version's counts. A reload may bring new versions; the counts of earlier ones stay on the page, so that a
    /// scraper misses none.
    private struct Counts {
        let id: Int
        let version: String
        var answers: [Int: Int] = [:]
        var errors = 0
        var durations = Histogram()
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

    private static let bounds: [(seconds: Double, text: String)] = [
        (0.001, "0.001"), (0.0025, "0.0025"), (0.005, "0.005"), (0.01, "0.01"), (0.025, "0.025"), (0.05, "0.05"),
        (0.1, "0.1"), (0.25, "0.25"), (0.5, "0.5"), (1, "1"), (2.5, "2.5"), (5, "5"), (10, "10"), (30, "30"),
    ]

    private let state = Mutex(State())
    private let open = Atomic<Int>(0)

    // MARK: counting

    /// The counters of these versions, which differ. A version that was here before goes on where it was.
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
                counts.durations.count += 1
                counts.durations.sum += seconds
                if let bucket = Self.bounds.firstIndex(where: { seconds <= $0.seconds }) {
                    counts.durations.buckets[bucket] += 1
                }
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

    func closed() { open.wrappingSubtract(1, ordering: .relaxed) }

    // MARK: the page

    func page(canaryBasisPoints: Int) -> String {
        let state = state.withLock { $0 }
        let lines =
            family("requests_total", "counter", "Requests by version and status code; 499: the client went away.")
            + answerLines(state)
            + family("errors_total", "counter", "Requests that the router answered 502 or 504 itself.")
            + state.versions.map { "gray_router_errors_total{version=\"\(escaped($0.version))\"} \($0.errors)" }
            + family("request_duration_seconds", "histogram", "From the request's head to the end of its answer.")
            + state.versions.flatMap { durationLines($0) }
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
        let all = state.versions.map { ($0.version, $0.answers) } + [("none", state.refused)]
        return all.flatMap { version, answers in
            answers.sorted { $0.key < $1.key }.map { code, count in
                "gray_router_requests_total{version=\"\(escaped(version))\",code=\"\(code)\"} \(count)"
            }
        }
    }

    private func durationLines(_ counts: Counts) -> [String] {
        let name = "gray_router_request_duration_seconds"
        let label = "version=\"\(escaped(counts.version))\""
        let histogram = counts.durations
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
