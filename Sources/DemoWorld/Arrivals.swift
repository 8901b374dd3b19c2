import NIOCore

/// When the last requests came in, and which. Bounded: the oldest are forgotten.
struct Arrivals {
    private struct Arrival {
        let wallMs: Int64
        /// Whatever the client called it; nil when it did not.
        let request: String?
    }

    private static let limit = 50_000
    private var arrivals = CircularBuffer<Arrival>()

    mutating func add(_ now: Int64, request: String? = nil) {
        if arrivals.count >= Self.limit { arrivals.removeFirst() }
        arrivals.append(Arrival(wallMs: now, request: request))
    }

    /// How many came later than this. Counted from the end: times hardly ever go back.
    func count(after limit: Int64) -> Int { arrivals.reversed().prefix { $0.wallMs > limit }.count }

    /// Those of the named requests that came in, each once.
    func seen(of requests: Set<String>) -> Set<String> {
        requests.isEmpty ? [] : requests.intersection(arrivals.compactMap(\.request))
    }
}
