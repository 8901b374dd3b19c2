import HTTPClient
import Ports
import Synchronization
import Testing

@testable import Scraping

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

    @Test func aLaneIsFullBeforeTheNextIsMade() async throws {
        let made = Made()
        var lanes = made.lanes(connections: 10_000)
        let places = try (0..<1_030).map { _ in try lanes.place().lane }
        #expect(places.prefix(512).allSatisfy { $0 == 0 } && places.dropFirst(512).prefix(512).allSatisfy { $0 == 1 })
        #expect(places.dropFirst(1_024).allSatisfy { $0 == 2 })
        #expect(made.connections.withLock { $0 } == [512, 512, 512])
        await lanes.shutdown()
    }

    /// The last lane takes the connections that are left and the targets that are too many, and the others keep theirs.
    @Test(arguments: [(1_100, [512, 512, 76]), (1_030, [512, 512]), (64, [64]), (5, [5])])
    func noMoreConnectionsThanThereAre(_ connections: Int, _ rooms: [Int]) async throws {
        let made = Made()
        var lanes = made.lanes(connections: connections)
        let places = try (0..<1_200).map { _ in try lanes.place().lane }
        #expect(made.connections.withLock { $0 } == rooms)
        for (lane, room) in rooms.dropLast().enumerated() { #expect(places.count { $0 == lane } == room) }
        #expect(places.last == rooms.count - 1)
        await lanes.shutdown()
    }

    @Test func whatLeavesMakesRoom() async throws {
        let made = Made()
        var lanes = made.lanes(connections: 10_000)
        for _ in 0..<1_024 { _ = try lanes.place() }
        lanes.recount(Array(repeating: 1, count: 512) + Array(repeating: 0, count: 510))
        #expect(try (0..<3).map { _ in try lanes.place().lane } == [0, 0, 2])
        await lanes.shutdown()
    }

    @Test func lastLanesWithoutTargetsAreRetired() async throws {
        let made = Made()
        var lanes = made.lanes(connections: 10_000)
        for _ in 0..<1_100 { _ = try lanes.place() }
        lanes.recount([0, 0])
        let retired = lanes.retireEmpty()
        #expect(retired.count == 2 && lanes.retireEmpty().isEmpty)
        for lane in retired { await lane.shutdown() }
        #expect(try (0..<512).map { _ in try lanes.place().lane }.last == 1)
        #expect(made.connections.withLock { $0.count } == 4)
        await lanes.shutdown()
    }

    @Test func aLaneIsAlwaysTheSameTransport() async throws {
        var lanes = Made().lanes(connections: 10_000)
        let first = try lanes.place()
        for _ in 0..<600 { _ = try lanes.place() }
        lanes.recount([])
        let again = try lanes.place()
        #expect(again.lane == first.lane)
        #expect(try #require(again.transport as? CurlTransport) === (try #require(first.transport as? CurlTransport)))
        await lanes.shutdown()
    }

    @Test func aLaneThatCannotBeMadeIsAnError() async {
        let dead = CurlTransport(userAgent: "test", secrets: SystemSecretStore())
        await dead.shutdown()
        var lanes = ScrapeLanes(connections: 100) { _ in dead }
        #expect(throws: TransportError.self) { try lanes.place() }
        #expect(throws: TransportError.self) { try lanes.place() }
    }
}
