import DemoWorld
import Foundation
import Testing

/// A daemon whose first receiver takes nothing.
@Suite("Escalation of the daemon", .serialized, .enabled(if: Executable.path != nil, "the executable is not built"))
struct EscalationTests {
    /// A refusal, which is a dead letter, and an address that is not valid any more, at which a message is kept. Without an
    /// acknowledgement the next receiver would be notified in an hour.
    @Test(arguments: [("webhook", 410), ("mattermost", 404)])
    func aReceiverThatIsGoneIsPassedAtOnce(_ kind: String, _ status: Int) async throws {
        let world = try await LiveWorld.start()
        let (pager, boss) = (WebhookSink(), WebhookSink())
        await pager.answer(status: status, times: .max)
        let receivers = """
            receivers:
              - {name: pager, kind: \(kind), url: "http://\(try await pager.start())/hooks/x"}
              - {name: boss, kind: webhook, url: "http://\(try await boss.start())/hook"}
            routes: [{to: [pager], escalate: [{after: 1h, to: [boss]}]}]

            """
        let text = try String(contentsOfFile: world.configurationPath, encoding: .utf8)
        let own = try #require(text.firstMatch(of: /receivers:\n.*\n/))
        try text.replacing(own.0, with: receivers).write(
            toFile: world.configurationPath, atomically: true, encoding: .utf8)
        // The rollback cannot be finished, so its incident stays open.
        await world.router.stop()
        let daemon = try Executable(["run", "--config", world.configurationPath], folder: world.folder)
        #expect(await eventually { daemon.text.contains("the API listens on") }, "\(daemon.text)")
        let socket = world.statePath + "/rollguard.sock"
        let rollback = try Executable(
            ["rollback", "checkout", "--reason", "carts are empty", "--no-wait", "--socket", socket],
            folder: world.folder)
        let isEscalated = await eventually { await boss.firstReceived(event: "rollback_intended") != nil }
        #expect(isEscalated, "\(rollback.text)\n\(daemon.text)")
        let message = await boss.firstReceived(event: "rollback_intended")?.text ?? ""
        #expect(message.contains("pager does not take notifications"), "\(message)")
        #expect(daemon.text.contains("pager does not take notifications"), "\(daemon.text)")
        #expect(await pager.received().isEmpty == false)
        rollback.signal(SIGKILL)
        await daemon.kill9()
        await world.stop()
        await pager.stop()
        await boss.stop()
    }
}
