import Foundation
import Model
import Ports
import Testing

@testable import Notifications

/// What single services need beside the common facts.
@Suite("Services")
struct ServiceMessageTests {
    typealias Event = Model.Notification.Event

    private static func receiver(
        _ settings: any ReceiverSettings, _ transport: ScriptedTransport, secret: SecretReference? = nil,
        url: String = "https://service.example/hook"
    ) -> any Receiver {
        ReceiverKinds.receiver(
            ReceiverPlan(name: "oncall", kind: ReceiverPlan.Kind(settings), url: url, secret: secret),
            ReceiverSetup(
                transport: transport, secrets: FixedSecret(text: "key"), externalURL: "http://rollguard.example",
                clock: { 1_700_000_007_900 }))
    }

    private static func delivery(_ event: Event, sequence: UInt64 = 2) -> Delivery {
        var notification = Model.Notification.sample(event)
        notification.sequence = sequence
        return Delivery(id: "ab12cd34-\(sequence)-oncall", receiver: "oncall", notification: notification)
    }

    // MARK: Signatures

    /// Computed by two other programs.
    @Test func theSignatureOfDingTalkIsThatOfItsDocumentation() {
        let made = DingTalkKind.signature(secret: "SECexample0123456789", nowWallMs: 1_764_302_400_123)
        #expect(made == "AdPrM+mvcrprNsi9T1NKfMgiFEqWjMQAqO64BdAXxJc=")
        #expect(PercentEncoding.component(made) == "AdPrM%2BmvcrprNsi9T1NKfMgiFEqWjMQAqO64BdAXxJc%3D")
    }

    @Test(
        arguments: [
            ("example-secret", 1_764_302_400, "B5K+Ar8WI+w/nI5swEJ4rPStVtjOTAHx3QGs9Ddecu0="),
            ("xxx", 1_661_860_880, "QnWVTSBe6FmQDE0bG6X0mURbI+DnvVyu1h+j5dHOjrU="),
        ] as [(String, Int64, String)])
    func theSignatureOfFeishuIsThatOfItsDocumentation(_ secret: String, _ seconds: Int64, _ wanted: String) {
        #expect(FeishuKind.signature(secret: secret, seconds: seconds) == wanted)
    }

    @Test func dingTalkSignsInTheAddressAndFeishuInTheBody() async throws {
        let ding = ScriptedTransport([.status(200, body: #"{"errcode":0}"#)])
        let robot = Self.receiver(
            DingTalkKind.Settings(), ding, secret: .file("/run/s"), url: "https://ding.example/send?access_token=T")
        _ = await robot.deliver(Self.delivery(.rearmed))
        let url = try #require(ding.requests.first?.url)
        #expect(url.hasPrefix("https://ding.example/send?access_token=T&timestamp=1700000007900&sign="))
        let feishu = ScriptedTransport([.status(200, body: #"{"code":0}"#)])
        _ = await Self.receiver(FeishuKind.Settings(), feishu, secret: .file("/run/s")).deliver(Self.delivery(.rearmed))
        let body = try json(feishu.requests.first?.body)
        #expect(body["timestamp"] as? String == "1700000007" && body["sign"] is String)
    }

    @Test func aKeywordIsInEveryText() async throws {
        let transport = ScriptedTransport([.status(200, body: #"{"errcode":0}"#)])
        _ = await Self.receiver(DingTalkKind.Settings(keyword: "灰度"), transport).deliver(Self.delivery(.rearmed))
        let markdown = try #require(try json(transport.requests.first?.body)["markdown"] as? [String: String])
        #expect(markdown["text"]?.contains("灰度") == true)
    }

    // MARK: One message that changes

    @Test func aBotChangesItsMessageAndRepliesToWhatNeedsAttention() async throws {
        let transport = ScriptedTransport([
            .status(200, body: #"{"ok":true,"channel":"C9","ts":"17.1"}"#),
            .status(200, body: #"{"ok":true,"channel":"C9","ts":"17.1"}"#),
            .status(200, body: #"{"ok":true,"channel":"C9","ts":"18.2","message":{"thread_ts":"17.1"}}"#),
            .status(200, body: #"{"ok":true,"channel":"C9","ts":"17.1"}"#),
        ])
        let bot = Self.receiver(SlackKind.Settings(channel: "#general"), transport, url: "https://slack.example/api/")
        for event in [Event.rollbackIntended, .rollbackAbandoned, .rollbackAcknowledged] {
            #expect(await bot.deliver(Self.delivery(event)) == .delivered)
        }
        let requests = transport.requests
        let calls = requests.map { $0.url.replacing("https://slack.example/api/", with: "") }
        #expect(calls == ["chat.postMessage", "chat.update", "chat.postMessage", "chat.update"])
        let bodies = try requests.map { try json($0.body) }
        #expect(bodies[0]["channel"] as? String == "#general" && bodies[0]["metadata"] != nil)
        #expect(bodies[1]["channel"] as? String == "C9" && bodies[1]["ts"] as? String == "17.1")
        #expect(bodies[2]["thread_ts"] as? String == "17.1")
        #expect(bodies[3]["ts"] as? String == "17.1")
    }

    @Test func aMessageThatCannotBeChangedIsSentAgain() async {
        let transport = ScriptedTransport([
            .status(200, body: #"{"ok":true,"channel":"C9","ts":"17.1"}"#),
            .status(200, body: #"{"ok":false,"error":"message_not_found"}"#),
            .status(200, body: #"{"ok":true,"channel":"C9","ts":"19.3"}"#),
            .status(200, body: #"{"ok":true,"channel":"C9","ts":"19.3"}"#),
        ])
        let bot = Self.receiver(SlackKind.Settings(channel: "C9"), transport, url: "https://slack.example/api")
        _ = await bot.deliver(Self.delivery(.rollbackIntended))
        #expect(await bot.deliver(Self.delivery(.rollbackAcknowledged)) == .delivered)
        _ = await bot.deliver(Self.delivery(.rearmed))
        #expect(
            transport.requests.map { $0.url.split(separator: "/").last } == [
                "chat.postMessage", "chat.update", "chat.postMessage", "chat.update",
            ])
    }

    @Test func aReloadKeepsWhatIsKnownOfMessages() async {
        let transport = ScriptedTransport([.status(200, body: #"{"id":"77"}"#)])
        let before = Self.receiver(DiscordKind.Settings(), transport)
        _ = await before.deliver(Self.delivery(.rollbackIntended))
        let after = Self.receiver(DiscordKind.Settings(), transport)
        after.takeOver(from: before)
        _ = await after.deliver(Self.delivery(.rollbackAcknowledged))
        #expect(transport.requests.map(\.method) == ["POST", "PATCH"])
        #expect(transport.requests[1].url == "https://service.example/hook/messages/77")
    }

    @Test func telegramEditsAndNamesNoTokenInABody() async throws {
        let transport = ScriptedTransport([
            .status(200, body: #"{"ok":true,"result":{"message_id":7,"chat":{"id":-100}}}"#)
        ])
        let bot = Self.receiver(
            TelegramKind.Settings(token: .file("/run/t"), chat: "@ops"), transport, url: "https://tg.example")
        _ = await bot.deliver(Self.delivery(.rollbackIntended))
        _ = await bot.deliver(Self.delivery(.rollbackAcknowledged))
        #expect(
            transport.requests.map(\.url) == [
                "https://tg.example/botkey/sendMessage", "https://tg.example/botkey/editMessageText",
            ])
        let edit = try json(transport.requests[1].body)
        #expect(edit["message_id"] as? Int == 7 && edit["chat_id"] as? String == "-100")
    }

    @Test func theMemoryOfMessagesIsBounded() {
        var handles = MessageHandles()
        for number in 0...MessageHandles.limit { handles.note(MessageHandle(["id": "\(number)"]), of: "s\(number)") }
        #expect(handles.handle(of: "s0") == nil && handles.handle(of: "s\(MessageHandles.limit)") != nil)
    }

    // MARK: Urgency

    @Test func aPagerOpensNothingBelowItsSeverityAndStillResolves() async throws {
        let transport = ScriptedTransport([.status(202, body: #"{"status":"success"}"#)])
        let pager = Self.receiver(PagerDutyKind.Settings(key: .file("/run/k"), least: .critical), transport)
        #expect(await pager.deliver(Self.delivery(.rollbackIntended)) == .delivered)
        #expect(await pager.deliver(Self.delivery(.rolloutBegun)) == .delivered)
        #expect(transport.requests.isEmpty)
        _ = await pager.deliver(Self.delivery(.rollbackAcknowledged))
        #expect(try json(transport.requests.last?.body)["event_action"] as? String == "resolve")
    }

    @Test func aMessageHasValuesWithTheirSampleSizes() throws {
        let content = MessageContent(.sample(.rollbackAcknowledged), externalURL: "http://rollguard.example")
        let facts = Dictionary(content.facts.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        #expect(facts["Versions"] == "canary v2, baseline v1" && facts["Canary's share"] == "10.5% -> 0%")
        #expect(
            facts["Measured"]
                == "error_rate: canary no value of 100 requests, baseline 0.1% of 900 requests")
        #expect(facts["Rule"] == "CanaryErrorRate: canary > 1% in 60 s")
        #expect(facts["Done"] == "22:13:20 intended (UTC)" && facts["Runbook"] == "https://wiki.example/x")
        #expect(content.advice != nil && content.headline == "checkout: Rollback done")
    }

    // MARK: Cutting

    /// The limit is met exactly and passed by one, in both units, without half a character.
    @Test(arguments: ["x", "ä", "灰", "😀", "&"])
    func aTextIsCutOnlyWhenItIsTooLong(_ letter: String) {
        for unit in [TextLimit.Unit.bytes, .characters] {
            let one = TextLimit(count: 1_000_000, unit: unit).length(MarkUp.html.text(letter, limit: .bytes(100)))
            let limit = TextLimit(count: one * 20, unit: unit)
            let exact = MarkUp.html.text(String(repeating: letter, count: 20), limit: limit)
            #expect(limit.length(exact) == limit.count && !exact.hasSuffix("…"))
            let cut = MarkUp.html.text(String(repeating: letter, count: 21), limit: limit)
            #expect(cut.hasSuffix("…") && limit.length(cut) <= limit.count)
            #expect(exact.hasPrefix(cut.dropLast()))
        }
    }

    @Test(arguments: 0...4) func aLimitWithoutRoomGivesAShortTextAndNoError(_ count: Int) {
        let limit = TextLimit.bytes(count)
        #expect(limit.length(MarkUp.html.text("<long text>", limit: limit)) <= count)
    }

    @Test func cloudEventsHaveTheDocumentAsData() async throws {
        let transport = ScriptedTransport([.status(202)])
        let receiver = Self.receiver(CloudEventsKind.Settings(), transport, secret: .file("/run/s"))
        #expect(await receiver.deliver(Self.delivery(.rollbackIntended)) == .delivered)
        let request = try #require(transport.requests.first)
        let body = try json(request.body)
        #expect(body["specversion"] as? String == "1.0" && body["id"] as? String == "ab12cd34-2-oncall")
        #expect(body["type"] as? String == "rollguard.rollback_intended.v1")
        #expect(body["subject"] as? String == "checkout/checkout-2")
        #expect((body["data"] as? [String: Any])?["version"] as? Int == 1)
        #expect(request.headers.first { $0.name == "Content-Type" }?.value.hasPrefix("application/cloudevents") == true)
        #expect(request.headers.contains { $0.name == "Rollguard-Signature" })
    }
}
