import DemoWorld
import NIOCore
import NIOPosix
import ReleaseKernel
import Synchronization
import Testing

@testable import Daemon

@Suite("Ways out")
struct WiresTests {
    private struct NoSecrets: SecretStore {
        func secret(_ reference: SecretReference) throws(SecretError) -> String {
            throw .unsetVariable(name: "\(reference)")
        }
    }

    /// Accepts, and says nothing.
    private final class SilentServer: Sendable {
        let accepted = Mutex(0)
        let channel = Mutex<(any Channel)?>(nil)

        func start() async throws -> String {
            let bound = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    self.accepted.withLock { $0 += 1 }
                    return channel.eventLoop.makeSucceededVoidFuture()
                }
                .bind(host: "127.0.0.1", port: 0).get()
            channel.withLock { $0 = bound }
            return "http://127.0.0.1:\(bound.localAddress?.port ?? 0)/metrics"
        }

        func stop() async throws { try await channel.withLock { $0 }?.close().get() }
    }

    @Test func aTargetDoesNotWaitForOthersThatHang() async throws {
        let silent = SilentServer()
        let silentURL = try await silent.start()
        let service = DemoService(version: "v1", instance: "a", fault: .none, seed: 1)
        let target = try await service.start()
        let wires = Wires(version: "test", secrets: NoSecrets())
        var lanes = wires.scrapeLanes()
        let transport = lanes.place().transport
        let hanging = (0..<200).map { _ in
            Task { try? await transport.send(HTTPRequest(url: silentURL, timeoutMs: 600_000)) }
        }
        #expect(await eventually { silent.accepted.withLock { $0 } == hanging.count })
        let answer = try await transport.send(HTTPRequest(url: "http://\(target)/metrics", timeoutMs: 600_000))
        #expect(answer.status == 200)
        for task in hanging { task.cancel() }
        await lanes.shutdown()
        await wires.shutdown()
        await service.stop()
        try await silent.stop()
    }

    @Test func routersAndReceiversHaveWaysOfTheirOwn() async {
        let wires = Wires(version: "test", secrets: NoSecrets())
        #expect(wires.routerCalls !== wires.deliveries)
        await wires.shutdown()
    }
}
