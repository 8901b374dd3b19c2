import Synchronization
import Testing

@testable import ReferenceRouter

/// More clients than there are open files for.
struct ClientGateTests {
    @Test func clientsBeyondTheLimitAreTurnedAwayAndReportedOnce() {
        let lines = Mutex<[String]>([])
        let gate = ClientGate(limit: 4) { line in lines.withLock { $0.append(line) } }
        let metrics = RouterMetrics()
        #expect((0..<4).allSatisfy { _ in gate.enter(metrics) })
        #expect(!gate.enter(metrics) && !gate.enter(metrics))
        gate.leave(metrics)
        #expect(gate.enter(metrics) && !gate.enter(metrics))
        #expect(lines.withLock { $0 } == ["4 clients are connected, the limit; further ones are turned away"])
        for _ in 0..<4 { gate.leave(metrics) }
        #expect((0..<5).map { _ in gate.enter(metrics) } == [true, true, true, true, false])
        #expect(lines.withLock { $0.count } == 2)
    }

    /// Connections without a request count as well: each is an open file.
    @Test func aRouterTakesNoMoreClientsThanItHasRoomFor() async throws {
        let server = try await StubServer.start { .ok($0.line) }
        let folder = try TemporaryFolder()
        let router = try GrayRouter(
            configuration: GrayRouterConfiguration(
                stateFile: folder.file("split.json"), baseline: [server.address], canary: [server.address],
                strategy: .random, initialCanaryBasisPoints: 0),
            room: GrayRouterRoom(clients: 1, idleConnections: 0))
        let addresses = try await router.start()
        let held = try await RawClient.connect(addresses.data)
        #expect(await eventually { (try? await Reply.to("GET", "/", at: addresses.data)) == nil })
        await held.close()
        #expect(await eventually { (try? await Reply.to("GET", "/", at: addresses.data))?.status == 200 })
        await router.stop()
        await server.stop()
    }
}
