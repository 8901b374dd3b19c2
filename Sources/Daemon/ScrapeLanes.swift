import ReleaseKernel
import Wire

/// The transports of all scrapes, each with its own connections and thread, and each for a limited number of targets.
///
/// After every transfer libcurl walks through the open connections of its transport, so with ten thousand on one of them
/// a scrape takes four times as long. A target stays on its lane, because that is where its connection is.
struct ScrapeLanes {
    static let targetsPerLane = 512

    private let make: @Sendable (_ connections: Int) -> CurlTransport
    private let connections: Int
    private var lanes: [CurlTransport] = []
    /// By lane.
    private var targets: [Int] = []

    /// - Parameters:
    ///   - connections: that all lanes together may keep open. Where there are more targets, some lanes have more of them
    ///     than connections, and some connections are made anew for each scrape.
    ///   - make: a transport that keeps so many.
    init(connections: Int, make: @escaping @Sendable (_ connections: Int) -> CurlTransport) {
        self.connections = max(1, connections)
        self.make = make
    }

    /// Counts anew.
    ///
    /// - Parameter kept: the lane of each target that stays.
    mutating func recount(_ kept: some Sequence<Int>) {
        targets = Array(repeating: 0, count: lanes.count)
        for lane in kept { targets[lane] += 1 }
    }

    /// A lane for one more target: the first with room, or a new one, or the one with the fewest.
    mutating func place() -> (lane: Int, transport: any HTTPTransport) {
        let lane = targets.firstIndex { $0 < Self.targetsPerLane } ?? addOne() ?? fewest
        targets[lane] += 1
        return (lane, lanes[lane])
    }

    private mutating func addOne() -> Int? {
        let left = connections - lanes.count * Self.targetsPerLane
        guard lanes.isEmpty || left >= Self.targetsPerLane else { return nil }
        lanes.append(make(min(left, Self.targetsPerLane)))
        targets.append(0)
        return lanes.count - 1
    }

    private var fewest: Int { targets.indices.min { targets[$0] < targets[$1] } ?? 0 }

    func shutdown() async {
        for lane in lanes { await lane.shutdown() }
    }
}
