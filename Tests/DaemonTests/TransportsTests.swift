import DemoWorld
import HTTPClient
import Model
import Ports
import Routers
import Synchronization
import SystemSupport
import Telemetry
import Testing

@testable import Daemon
@testable import Notifications

@Suite("Ways out")
struct TransportsTests {
    private struct NoSecrets: SecretStore {
        func secret(_ reference: SecretReference) throws(SecretError) -> String {
            throw .unsetVariable(name: "\(reference)")
        }
    }

    @Test func aTargetDoesNotWaitForOthersThatHang() async throws {
        let silent = SilentServer()
        let silentURL = "http://\(try await silent.start())/metrics"
        let service = DemoService(version: "v1", instance: "a", fault: .none, seed: 1)
        let target = try await service.start()
        let transports = Transports(
            version: "test", secrets: NoSecrets(), files: OpenFiles(limit: 1_024, processors: 2))
        var lanes = transports.scrapeLanes()
        let transport = try lanes.place().transport
        let hanging = (0..<200).map { _ in
            Task { try? await transport.send(HTTPRequest(url: silentURL, timeoutMs: 600_000)) }
        }
        #expect(await eventually { silent.accepted.withLock { $0 } == hanging.count })
        let answer = try await transport.send(HTTPRequest(url: "http://\(target)/metrics", timeoutMs: 600_000))
        #expect(answer.status == 200)
        for task in hanging { task.cancel() }
        await lanes.shutdown()
        await transports.shutdown()
        await service.stop()
        try await silent.stop()
    }

    /// Says no to everything, and keeps what it was asked.
    private final class Refusing: HTTPTransport {
        let urls = Mutex<[String]>([])

        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
            urls.withLock { $0.append(request.url) }
            throw .closed
        }
    }

    @Test func routersAndReceiversHaveWaysOfTheirOwn() async throws {
        let (routerCalls, deliveries) = (Refusing(), Refusing())
        let parts = PartsFactory(
            routerCalls: routerCalls, deliveries: deliveries, secrets: NoSecrets(), clock: SystemClock())
        let release = ReleasePlan(
            name: "shop", baseline: PoolPlan(version: "v1", targets: []), canary: PoolPlan(version: "v2", targets: []),
            indicators: WatchList(), router: RouterPlan(GrayRouterPlan(instances: ["http://router:1"])), rules: [])
        let plan = Plan(
            daemon: DaemonPlan(stateDirectory: "/nowhere"),
            receivers: [ReceiverPlan(name: "oncall", kind: WebhookKind.kind, url: "http://hook:1/")],
            releases: [release])
        _ = await (try parts.drivers(for: plan))["shop"]?.direct.observe(timeoutMs: 1_000)
        #expect(routerCalls.urls.withLock { $0.allSatisfy { $0.hasPrefix("http://router:1/") } && !$0.isEmpty })
        #expect(deliveries.urls.withLock { $0.isEmpty })
        let calls = routerCalls.urls.withLock { $0 }
        let news = Notification(
            sequence: 1, event: .rollbackHeld, atWallMs: 0, release: "shop", baselineVersion: "v1",
            canaryVersion: "v2", summary: "held")
        let oncall = try #require(parts.receivers(for: plan).first)
        _ = await oncall.deliver(Delivery(id: "a-1-oncall", receiver: "oncall", notification: news))
        #expect(deliveries.urls.withLock { $0 } == ["http://hook:1/"] && routerCalls.urls.withLock { $0 } == calls)
        let transports = Transports(
            version: "test", secrets: NoSecrets(), files: OpenFiles(limit: 1_024, processors: 2))
        let routers = try #require(transports.routerCalls as? CurlTransport)
        #expect(routers !== transports.deliveries as? CurlTransport)
        await transports.shutdown()
    }
}
