import Model
import Ports
import Synchronization
import Testing

@testable import Notifications

private final class KeptMessages: MessageMemory {
    let kept = Mutex<[String: [UInt8]]>([:])

    func load(receiver: String) -> [UInt8]? { kept.withLock { $0[receiver] } }

    func save(_ bytes: [UInt8], receiver: String) { kept.withLock { $0[receiver] = bytes } }
}

/// A message is changed after a restart too.
@Suite("Messages over restarts")
struct MessageMemoryTests {
    private static let answer = ScriptedTransport.Answer.status(
        200, body: #"{"ok":true,"channel":"C1","ts":"1764302428.000100"}"#)

    private static func slack(_ memory: any MessageMemory, _ transport: ScriptedTransport) -> any Receiver {
        ReceiverKinds.receiver(
            ReceiverPlan(
                name: "chat", kind: ReceiverPlan.Kind(SlackKind.Settings(channel: "C1")),
                url: "https://slack.example/api"),
            ReceiverSetup(
                transport: transport, secrets: FixedSecret(text: "x"), memory: memory, externalURL: nil, clock: { 0 }))
    }

    private static func delivery(_ event: Model.Notification.Event, _ number: Int) -> Delivery {
        Delivery(id: "ab12cd34-\(number)-chat", receiver: "chat", notification: .sample(event))
    }

    @Test func theNextProcessChangesTheMessageOfThisOne() async throws {
        let memory = KeptMessages()
        _ = await Self.slack(memory, ScriptedTransport([Self.answer])).deliver(Self.delivery(.rollbackIntended, 1))
        let transport = ScriptedTransport([Self.answer])
        _ = await Self.slack(memory, transport).deliver(Self.delivery(.rollbackAcknowledged, 2))
        #expect(try #require(transport.requests.first).url == "https://slack.example/api/chat.update")
    }

    @Test(arguments: ["", "x", "[]", "{}", #"[{"subject":1}]"#])
    func whatIsDamagedIsForgotten(_ text: String) async throws {
        let memory = KeptMessages()
        memory.save(Array(text.utf8), receiver: "chat")
        let transport = ScriptedTransport([Self.answer])
        #expect(await Self.slack(memory, transport).deliver(Self.delivery(.rollbackIntended, 1)) == .delivered)
        #expect(try #require(transport.requests.first).url == "https://slack.example/api/chat.postMessage")
    }

    @Test func theNewestAreKept() {
        var handles = MessageHandles()
        for number in 0..<1_500 { handles.note(MessageHandle(["ts": "\(number)"]), of: "incident:\(number)") }
        let restored = MessageHandles(bytes: handles.bytes)
        #expect(restored.handle(of: "incident:1499")?["ts"] == "1499" && restored.handle(of: "incident:1300") != nil)
        #expect(restored.handle(of: "incident:1299") == nil)
    }
}
