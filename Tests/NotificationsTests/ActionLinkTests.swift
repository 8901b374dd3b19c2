import Foundation
import Model
import Ports
import Testing

@testable import Notifications

@Suite("Links in messages")
struct ActionLinkTests {
    private static let key = [UInt8](0..<32)
    private static let target = LinkTarget(
        action: .acknowledge, incident: "checkout/ü-17", expiresSeconds: 1_764_302_400)

    private static func read(_ token: String, journal: String = "3f9a", key: [UInt8] = key) -> LinkTarget? {
        ActionLink(token: token, journal: journal, key: key)?.target
    }

    @Test func aTokenBelongsToItsTargetItsJournalAndItsKey() {
        let token = ActionLink(Self.target).token(journal: "3f9a", key: Self.key)
        #expect(Self.read(token) == Self.target)
        #expect(Self.read(token, journal: "3f9b") == nil && Self.read(token, key: [UInt8](1..<33)) == nil)
        for (other, text) in [("rollback", "acknowledge"), ("1764302401", "1764302400"), ("-18", "-17")] {
            #expect(Self.read(token.replacing(text, with: other)) == nil)
        }
        // A token of a gate's question is none of a link.
        let gate = GateToken.make(gate: "acknowledge/1764302400/checkout/ü-17", journal: "3f9a", key: Self.key)
        #expect(Self.read("acknowledge/1764302400/\(gate)/checkout/ü-17") == nil)
    }

    @Test(arguments: [
        "", "/", "acknowledge", "acknowledge/1/0/x", "acknowledge/x//y", String(repeating: "/", count: 2_000),
    ])
    func whatIsNoTokenIsNone(_ text: String) { #expect(Self.read(text) == nil) }

    private static func content(_ event: Model.Notification.Event, kind: ReceiverPlan.Kind = .slack) -> MessageContent {
        let links = PageLinks(externalURL: "https://r.example", validMs: 86_400_000) {
            ActionLink($0).token(journal: "3f9a", key: key)
        }
        let setup = ReceiverSetup(
            transport: ScriptedTransport([.status(200)]), secrets: FixedSecret(text: "x"),
            externalURL: "https://r.example", links: links, clock: { 0 })
        return setup.content(ReceiverPlan(name: "chat", kind: kind, url: "http://x"), .sample(event))
    }

    /// The same at every attempt, because it follows from the notification alone.
    @Test func aMessageThatNeedsAnOperatorHasALink() throws {
        let link = try #require(Self.content(.rollbackIntended).acknowledgeLink)
        #expect(link == Self.content(.rollbackIntended).acknowledgeLink)
        let token = link.dropFirst("https://r.example/#/link/".count)
        let target = try #require(Self.read(String(token).removingPercentEncoding ?? ""))
        #expect(target.incident == "checkout-2" && target.expiresSeconds == 1_700_086_400)
        #expect(SlackText.text(Self.content(.rollbackIntended)).contains("<\(link)|acknowledge>"))
    }

    @Test func whatIsOverOrReadByAProgramHasNone() {
        #expect(Self.content(.rollbackAcknowledged).acknowledgeLink == nil)
        #expect(Self.content(.operatorAcknowledged).acknowledgeLink == nil)
        for kind in [PagerDutyKind.kind, SyslogKind.kind, WebhookKind.kind] {
            #expect(Self.content(.rollbackAbandoned, kind: kind).acknowledgeLink == nil)
        }
    }
}
