import Synchronization
import Testing
import Wire

@testable import Daemon

@Suite("Lanes of scrapes")
struct ScrapeLanesTests {
    /// Lanes, and how many connections each was made with.
    private final class Made: Sendable {
        let connections = Mutex<[Int]>([])

        func lanes(connections total: Int) -> ScrapeLanes {
            ScrapeLanes(connections: total) { [self] count in
                connections.withLock { $0.append(count) }
                return CurlTransport(userAgent: "test", secrets: SystemSecretStore(), maxConnections: count)
            }
        }
    }

    @Test func aLaneIsFullBeforeTheNextIsMade() async {
        let made = Made()
        var lanes = made.lanes(connections: 10_000)
        let places = (0..<1_030).map { _ in lanes.place().lane }
        #expect(places.prefix(512).allSatisfy { $0 == 0 } && places.dropFirst(512).prefix(512).allSatisfy { $0 == 1 })
        #expect(places.dropFirst(1_024).allSatisfy { $0 == 2 })
        #expect(made.connections.withLock { $0 } == [512, 512, 512])
        await lanes.shutdown()
    }

    @Test func noMoreLanesThanConnectionsAllow() async {
        let made = Made()
        var lanes = made.lanes(connections: 1_100)
        let places = (0..<1_030).map { _ in lanes.place().lane }
        #expect(places.suffix(6) == [0, 1, 0, 1, 0, 1])
        #expect(made.connections.withLock { $0 } == [512, 512])
        await lanes.shutdown()
    }

    @Test func oneLaneIsThereHoweverFewConnections() async {
        let made = Made()
        var lanes = made.lanes(connections: 64)
        #expect((0..<600).allSatisfy { _ in lanes.place().lane == 0 })
        #expect(made.connections.withLock { $0 } == [64])
        await lanes.shutdown()
    }

    @Test func whatLeavesMakesRoom() async {
        let made = Made()
        var lanes = made.lanes(connections: 10_000)
        for _ in 0..<1_024 { _ = lanes.place() }
        lanes.recount(Array(repeating: 1, count: 512) + Array(repeating: 0, count: 510))
        #expect((0..<3).map { _ in lanes.place().lane } == [0, 0, 2])
        await lanes.shutdown()
    }

    @Test func aLaneIsAlwaysTheSameTransport() async throws {
        var lanes = Made().lanes(connections: 10_000)
        let first = lanes.place()
        for _ in 0..<600 { _ = lanes.place() }
        lanes.recount([])
        let again = lanes.place()
        #expect(again.lane == first.lane)
        #expect(try #require(again.transport as? CurlTransport) === (try #require(first.transport as? CurlTransport)))
        await lanes.shutdown()
    }
}
