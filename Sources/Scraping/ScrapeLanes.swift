package import Ports

/// The transports of all scrapes, each with its own connections and thread, and each for a limited number of targets.
///
/// After every transfer libcurl walks through the open connections of its transport, so with ten thousand on one of them
/// a scrape takes four times as long. A target stays on its lane until it changes, because that is where its connection
/// is.
package struct ScrapeLanes {
    static let targetsPerLane = 512
    /// Fewer connections are not worth a thread.
    private static let leastConnections = 16

    private struct Lane {
        let transport: any OwnedTransport
        /// As many targets as connections.
        let room: Int
        var targets = 0
    }

    private let make: @Sendable (_ connections: Int) -> any OwnedTransport
    private let connections: Int
    private var lanes: [Lane] = []

    /// - Parameters:
    ///   - connections: that all lanes together may keep open. Targets beyond that go to the last lane, where connections
    ///     are then opened for each scrape.
    ///   - make: a transport that keeps so many.
    package init(connections: Int, make: @escaping @Sendable (_ connections: Int) -> any OwnedTransport) {
        self.connections = max(1, connections)
        self.make = make
    }

    /// Counts again.
    ///
    /// - Parameter kept: the lane of each target that stays.
    mutating func recount(_ kept: some Sequence<Int>) {
        for lane in lanes.indices { lanes[lane].targets = 0 }
        for lane in kept { lanes[lane].targets += 1 }
    }

    /// A lane for one more target: the first with room, or a new one, or the last.
    ///
    /// - Throws: ``TransportError/unusable(_:)`` when the system has nothing left for a new one.
    package mutating func place() throws(TransportError) -> (lane: Int, transport: any HTTPTransport) {
        if lanes.allSatisfy({ $0.targets >= $0.room }) { try addOne() }
        let lane = lanes.firstIndex { $0.targets < $0.room } ?? lanes.count - 1
        lanes[lane].targets += 1
        return (lane, lanes[lane].transport)
    }

    private mutating func addOne() throws(TransportError) {
        let left = connections - lanes.reduce(0) { $0 + $1.room }
        guard lanes.isEmpty || left >= Self.leastConnections else { return }
        let room = min(left, Self.targetsPerLane)
        let transport = make(room)
        guard transport.isRunning else {
            throw .unusable("no thread or no file descriptor is left for the connections to \(room) more targets")
        }
        lanes.append(Lane(transport: transport, room: room))
    }

    /// Takes the last lanes out as far as they have no targets.
    ///
    /// - Returns: what is to be shut down.
    mutating func retireEmpty() -> [any OwnedTransport] {
        var retired: [any OwnedTransport] = []
        while let last = lanes.last, last.targets == 0 {
            retired.append(last.transport)
            lanes.removeLast()
        }
        return retired
    }

    package func shutdown() async {
        for lane in lanes { await lane.transport.shutdown() }
    }
}
