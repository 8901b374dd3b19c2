import DemoWorld
import Foundation
import Glibc
import HTTPClient
import Model
import Ports
import Support
import Testing

@testable import Notifications

#if canImport(Glibc)
#endif

/// Debian's Alertmanager on loopback, gone with its test.
private final class Alertmanager {
    static let path = "/usr/bin/prometheus-alertmanager"

    let port: Int
    private let process = Process()
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("am-\(UUID().uuidString)")

    /// - Parameter webhook: the receiver of alerts, after a `group_wait` of two seconds.
    init(webhook: String? = nil, port: Int = Int.random(in: 20_000..<30_000)) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = folder.appendingPathComponent("alertmanager.yml")
        let hooks = webhook.map { ", webhook_configs: [{url: '\($0)'}]" } ?? ""
        let route = "{receiver: people, group_by: [alertname], group_wait: 2s, group_interval: 2s}"
        try "route: \(route)\nreceivers: [{name: people\(hooks)}]\n".write(
            to: configuration, atomically: true, encoding: .utf8)
        self.port = port
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
        let receiver = ReceiverKinds.receiver(
            ReceiverPlan(name: "am", kind: .alertmanager, url: "http://127.0.0.1:\(manager.port)"),
            ReceiverSetup(
                transport: transport, secrets: FixedSecret(text: nil), externalURL: "http://rollguard.example",
                clock: { now }))
        func delivery(_ event: Model.Notification.Event, atWallMs: Int64) -> Delivery {
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
        #expect(try await Self.names(transport, manager.port).map { $0.labels["alertname"] } == ["RollguardRollback"])
        #expect(await receiver.deliver(delivery(.rearmed, atWallMs: now)) == .delivered)
        #expect(try await Self.names(transport, manager.port).map { $0.labels["alertname"] } == ["RollguardRearmed"])
        await transport.shutdown()
    }

    private static func receiver(_ port: Int, _ transport: CurlTransport, resendMs: Int64 = 60_000) -> any Receiver {
        let kind = ReceiverPlan.Kind(AlertmanagerKind.Settings(resendMs: resendMs))
        return ReceiverKinds.receiver(
            ReceiverPlan(name: "am", kind: kind, url: "http://127.0.0.1:\(port)"),
            ReceiverSetup(
                transport: transport, secrets: FixedSecret(text: nil), externalURL: nil,
                clock: { Int64(Date().timeIntervalSince1970 * 1_000) }))
    }

    private static func eventually(_ holds: () async throws -> Bool) async throws -> Bool {
        for _ in 0..<300 {
            if try await holds() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    /// Alerts are in its memory alone: after a restart it knows none, until they are sent again.
    @Test func anAlertmanagerThatRestartedKnowsWhatLasts() async throws {
        let transport = CurlTransport(userAgent: "test", secrets: FixedSecret(text: nil))
        var manager: Alertmanager? = try Alertmanager()
        let port = try #require(manager?.port)
        let receiver = Self.receiver(port, transport)
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let standing = [Model.Notification.sample(.alertFiring, atWallMs: now)]
        let delivery = Delivery(id: "a", receiver: "am", notification: standing[0])
        #expect(try await Self.eventually { await receiver.deliver(delivery) == .delivered })
        manager = nil
        manager = try Alertmanager(port: port)
        #expect(try await Self.eventually { await receiver.resend(standing) == .delivered })
        let known = try await Self.names(transport, port)
        #expect(known.map { $0.labels["alertname"] } == ["CanaryErrorRate"])
        #expect(await receiver.resend([]) == .delivered)
        #expect(try await Self.names(transport, port).isEmpty)
        withExtendedLifetime(manager) {}
        await transport.shutdown()
    }

    /// A rollback that is done before `group_wait` is over is reported all the same.
    @Test func peopleHearOfARollbackThatTookNoTime() async throws {
        let sink = WebhookSink()
        let address = try await sink.start()
        let manager = try Alertmanager(webhook: "http://\(address)/")
        let transport = CurlTransport(userAgent: "test", secrets: FixedSecret(text: nil))
        let receiver = Self.receiver(manager.port, transport)
        for event in [Model.Notification.Event.rollbackIntended, .rollbackAcknowledged] {
            let now = Int64(Date().timeIntervalSince1970 * 1_000)
            let delivery = Delivery(id: event.rawValue, receiver: "am", notification: .sample(event, atWallMs: now))
            #expect(try await Self.eventually { await receiver.deliver(delivery) == .delivered })
        }
        #expect(try await Self.eventually { await !sink.received().isEmpty })
        let told = try #require(await sink.received().first)
        #expect(String(decoding: told.body, as: UTF8.self).contains("RollguardRollback"))
        await sink.stop()
        await transport.shutdown()
    }
}
