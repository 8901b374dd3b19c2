import Foundation
import ReleaseKernel
import Testing
import Wire

@testable import Receivers

#if canImport(Glibc)
import Glibc
#endif

/// Debian's Alertmanager on loopback, gone with its test.
private final class Alertmanager {
    static let path = "/usr/bin/prometheus-alertmanager"

    let port: Int
    private let process = Process()
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("am-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = folder.appendingPathComponent("alertmanager.yml")
        try "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n".write(
            to: configuration, atomically: true, encoding: .utf8)
        port = Int.random(in: 20_000..<30_000)
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = [
            "--config.file=\(configuration.path)", "--storage.path=\(folder.path)/data",
            "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}

@Suite(
    "A real Alertmanager",
    .enabled(
        if: FileManager.default.isExecutableFile(atPath: Alertmanager.path), "prometheus-alertmanager is not installed")
)
struct AlertmanagerTests {
    private struct Alert: Decodable {
        let labels: [String: String]
        let annotations: [String: String]
        let startsAt: String
    }

    private static func names(_ transport: CurlTransport, _ port: Int) async throws -> [Alert] {
        let answer = try await transport.send(HTTPRequest(url: "http://127.0.0.1:\(port)/api/v2/alerts"))
        return try JSONDecoder().decode([Alert].self, from: Data(answer.body))
    }

    @Test func takesOurAlertsAndTheirEnd() async throws {
        let manager = try Alertmanager()
        let transport = CurlTransport(userAgent: "test", secrets: FixedSecret(text: nil))
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let receiver = ReceiverFactory.make(
            plan: ReceiverPlan(name: "am", kind: .alertmanager, url: "http://127.0.0.1:\(manager.port)"),
            transport: transport, secrets: FixedSecret(text: nil), externalURL: "http://rollguard.example",
            clock: { now })
        func delivery(_ event: ReleaseKernel.Notification.Event, atWallMs: Int64) -> Delivery {
            Delivery(id: "\(event)", receiver: "am", notification: .sample(event, atWallMs: atWallMs))
        }
        var outcome = DeliveryOutcome.retry(reason: "not started", afterMs: nil)
        for _ in 0..<300 where outcome != .delivered {
            outcome = await receiver.deliver(delivery(.alertFiring, atWallMs: now))
            if outcome != .delivered { try await Task.sleep(for: .milliseconds(50)) }
        }
        #expect(outcome == .delivered)
        let firing = try await Self.names(transport, manager.port)
        #expect(firing.map { $0.labels["alertname"] } == ["CanaryErrorRate"])
        #expect(firing.first?.labels["release"] == "checkout" && firing.first?.annotations["incident"] == "checkout-2")
        #expect(firing.first?.startsAt == WallTime(wallMs: now - 10_000).description)

        #expect(await receiver.deliver(delivery(.alertResolved, atWallMs: now)) == .delivered)
        #expect(try await Self.names(transport, manager.port).isEmpty)
        #expect(await receiver.deliver(delivery(.rollbackIntended, atWallMs: now)) == .delivered)
        #expect(try await Self.names(transport, manager.port).map { $0.labels["alertname"] } == ["RollguardRollback"])
        #expect(await receiver.deliver(delivery(.rollbackAcknowledged, atWallMs: now)) == .delivered)
        #expect(try await Self.names(transport, manager.port).isEmpty)
        await transport.shutdown()
    }
}
