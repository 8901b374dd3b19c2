import Foundation
import Model
import Ports
import Testing

@testable import Notifications

@Suite("Chats")
struct SlackTests {
    private static func receiver(
        _ transport: ScriptedTransport, url: String = "https://hooks.slack.com/services/T/B/x",
        secret: SecretReference? = nil, store: FixedSecret = FixedSecret(text: nil)
    ) -> any Receiver {
        var plan = ReceiverPlan(name: "chat", kind: .slack, url: secret == nil ? url : "")
        plan.urlSecret = secret
        return ReceiverKinds.receiver(
            plan,
            ReceiverSetup(transport: transport, secrets: store, externalURL: nil, clock: { 1_700_000_000_000 }))
    }

    private static func delivery(_ notification: Model.Notification = .sample()) -> Delivery {
        Delivery(id: "a-1-chat", receiver: "chat", notification: notification)
    }

    @Test(arguments: Model.Notification.Event.allCases)
    func everyEventIsAMessageWithAText(event: Model.Notification.Event) async throws {
        let transport = ScriptedTransport([.status(200, body: "ok")])
        #expect(await Self.receiver(transport).deliver(Self.delivery(.sample(event))) == .delivered)
        let body = try json(transport.requests.first?.body)
        let text = try #require(body["text"] as? String)
        #expect(body.keys.sorted() == ["text"])
        #expect(text.contains("v2 is worse \"than\" v1") && text.contains("checkout-2"))
    }

    @Test(arguments: ["short", String(repeating: "long ", count: 1_000)])
    func theLinkIsCompleteHoweverLongTheSummary(summary: String) {
        var notification = Model.Notification.sample()
        notification.summary = summary
        let base = "https://rollguard.example/" + String(repeating: "a", count: 470)
        let text = SlackText.text(notification, externalURL: base)
        #expect(text.hasSuffix("\n\(base)/#/incident/checkout-2"))
        #expect(text.utf16.count <= SlackText.limit)
    }

    @Test func theAddressMayBeASecret() async {
        let transport = ScriptedTransport([.status(200)])
        let store = FixedSecret(text: "https://hooks.slack.com/services/T/B/secret")
        let receiver = Self.receiver(transport, secret: .file("/run/slack.url"), store: store)
        #expect(await receiver.deliver(Self.delivery()) == .delivered)
        #expect(transport.requests.first?.url == "https://hooks.slack.com/services/T/B/secret")
    }

    @Test(arguments: [nil, "hooks.slack.com/services", "file:///etc/passwd"] as [String?])
    func anAddressThatCannotBeUsedIsTriedAgain(text: String?) async {
        let transport = ScriptedTransport([.status(200)])
        let receiver = Self.receiver(transport, secret: .file("/run/slack.url"), store: FixedSecret(text: text))
        guard case .retry(let reason, nil) = await receiver.deliver(Self.delivery()) else {
            Issue.record("it was not tried again")
            return
        }
        #expect(transport.requests.isEmpty && !reason.contains("passwd"))
    }

    @Test(arguments: [
        ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@\u{200B}U1&gt;"), ("@all", "@\u{200B}all"),
        ("a\nb", "a\\nb"),
    ])
    func noUserIsPingedByALabel(text: String, shown: String) {
        #expect(SlackText.escaped(text, limit: 1_000) == shown)
    }

    /// Never longer than the strictest chat takes, and never cut inside an escape.
    @Test(arguments: [0, 1, 1_499, 1_500, 1_501, 100_000])
    func isNeverTooLong(count: Int) {
        for letter in ["<", "x", "灰", "😀"] {
            var notification = Model.Notification.sample()
            notification.summary = String(repeating: letter, count: count)
            notification.release = String(repeating: letter, count: count)
            let text = SlackText.text(notification)
            #expect(text.utf16.count <= SlackText.limit)
            #expect(text.replacing("&lt;", with: "").replacing("&gt;", with: "").contains("&") == false)
        }
    }

    @Test func whatTheChatRefusesIsADeadLetterWithItsReason() async {
        let transport = ScriptedTransport([.status(400, body: "invalid_payload")])
        let outcome = await Self.receiver(transport).deliver(Self.delivery())
        #expect(outcome == .refused(reason: "it answered with status 400: invalid_payload"))
    }

    /// The message is kept until the address was replaced.
    @Test func anAddressThatTheChatDoesNotKnowKeepsTheMessage() async {
        let transport = ScriptedTransport([.status(404, body: "no_service")])
        guard case .retry(let reason, 3_600_000) = await Self.receiver(transport).deliver(Self.delivery()) else {
            Issue.record("it was not kept")
            return
        }
        #expect(reason.contains("no_service"))
    }
}
