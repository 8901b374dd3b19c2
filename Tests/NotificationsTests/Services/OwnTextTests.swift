import Declarations
import Foundation
import Model
import Ports
import Testing

@testable import Notifications

/// Texts of one's own, bodies of one's own, and Amazon's signature.
@Suite("Texts of one's own")
struct OwnTextTests {
    typealias Event = Model.Notification.Event

    private static func body(
        _ kind: ReceiverPlan.Kind, title: String? = nil, text: String? = nil, _ event: Event = .rollbackAbandoned,
        url: String = "https://chat.example/hook"
    ) async throws -> String {
        let transport = ScriptedTransport([.status(200, body: "ok")])
        var plan = ReceiverPlan(name: "chat", kind: kind, url: url)
        (plan.titleTemplate, plan.textTemplate) = (title, text)
        let receiver = ReceiverKinds.receiver(
            plan,
            ReceiverSetup(
                transport: transport, secrets: FixedSecret(text: "key"), externalURL: "http://rollguard.example",
                clock: { 1_795_838_400_000 }))
        let delivery = Delivery(id: "ab12cd34-2-chat", receiver: "chat", notification: .sample(event))
        _ = await receiver.deliver(delivery)
        return String(decoding: try #require(transport.requests.first).body ?? [], as: UTF8.self)
    }

    @Test func aTextReplacesTheReadyOneAndIsEscaped() async throws {
        let text = """
            {{ .CommonLabels.alertname }} <!channel> {{ .Rollguard.Canary }}
            {{ range .Alerts }}* {{ .Labels.release | toUpper }}{{ end }}
            """
        let body = try await Self.body(.slack, text: text)
        #expect(body.contains("&lt;!channel&gt;") && body.contains("CHECKOUT") && !body.contains("To do"))
        let titled = try await Self.body(
            MattermostKind.kind, title: "{{ .Rollguard.Severity }}: {{ .Rollguard.Release }}")
        #expect(!titled.isEmpty)
    }

    /// Every kind that takes texts, every event.
    @Test(arguments: ServiceSample.all.filter { $0.kind.name != HTTPMessageKind.name })
    func ownTextsAreTakenByEveryService(_ sample: ServiceSample) async throws {
        let body = try await Self.body(
            sample.kind, title: "T {{ .Rollguard.Release }}", text: "own one\nown two", url: sample.url)
        #expect(body.contains("own") || body.contains("%20two"), "\(body)")
    }

    @Test func aTemplateThatFailsLosesNoMessage() async throws {
        let body = try await Self.body(.slack, text: "{{ index .Alerts 99 }}")
        #expect(body.contains("Template: it failed") && body.contains("To do"))
    }

    @Test(arguments: [
        ("{{ .Rollguard.Nosuch }}", "no .Nosuch"), ("{{ index .Alerts 0 }}", "out of range"),
        ("{{ nosuch }}", "function"),
        ("{{ if }}", "missing"),
    ])
    func aTemplateIsCheckedWithEveryEvent(_ template: String, _ reason: String) {
        #expect(MessageTemplates.problem(template)?.reason.contains(reason) == true)
    }

    /// Alertmanager's own `__subject` and `__text_alert_list`, as its default.tmpl has them.
    @Test func alertmanagersOwnTemplatesAreTaken() throws {
        let template = """
            {{ define "__subject" }}[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] \
            {{ .GroupLabels.SortedPairs.Values | join " " }} \
            {{ if gt (len .CommonLabels) (len .GroupLabels) }}({{ with .CommonLabels.Remove .GroupLabels.Names }}\
            {{ .Values | join " " }}{{ end }}){{ end }}{{ end }}\
            {{ define "__text_alert_list" }}{{ range . }}Labels:
            {{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
            {{ end }}Source: {{ .GeneratorURL }}
            {{ end }}{{ end }}{{ template "__subject" . }}
            {{ template "__text_alert_list" .Alerts.Firing }}
            """
        #expect(MessageTemplates.problem(template) == nil)
    }

    // MARK: http

    private static let tree = MessageBody.mapping([
        .init(name: "text", value: .text("{{ .Rollguard.Summary }} \"quoted\" {{ .Status }}")),
        .init(name: "list", value: .list([.number(5), .flag(true), .null])),
    ])

    @Test func aBodyIsJSONWhateverTheTextsHold() async throws {
        let kind = ReceiverPlan.Kind(HTTPMessageKind.Settings(body: Self.tree))
        let body = try await Self.body(kind)
        let object = try #require(JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
        #expect((object["text"] as? String)?.hasSuffix("\"quoted\" firing") == true)
        #expect((object["list"] as? [Any])?.count == 3)
        let text = try await Self.body(
            ReceiverPlan.Kind(HTTPMessageKind.Settings(body: .text("{{ .Rollguard.Event }}!"))))
        #expect(text == "rollback_abandoned!")
    }

    @Test(arguments: [
        (#"{"ok":true}"#, 200, true), (#"{"ok":false}"#, 200, false), ("<html>", 200, false), (#"{"a":1}"#, 200, false),
        (#"{"ok":true}"#, 500, false),
    ])
    func anAnswerHasToSayWhatIsRequired(_ body: String, _ status: Int, _ isDelivered: Bool) {
        var settings = HTTPMessageKind.Settings(body: Self.tree)
        settings.required = [TextPair("/ok", "true")]
        let answer = ServiceAnswer(response: HTTPResponse(status: status, headers: [], body: Array(body.utf8)))
        #expect((HTTPMessageKind.meaning(answer, settings) == .delivered()) == isDelivered)
    }

    // MARK: Amazon's signature

    /// Recomputed with botocore.
    @Test func theSignatureIsThatOfAmazonsTools() {
        let body =
            "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Areleases"
            + "&Message=checkout%20rolled%20back"
        let signature = AWSSignature(
            keyID: "AKIDEXAMPLE", key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", sessionToken: nil,
            region: "eu-west-1", service: "sns")
        let headers = signature.headers(
            url: "https://sns.eu-west-1.amazonaws.com/",
            contentType: "application/x-www-form-urlencoded; charset=utf-8", body: Array(body.utf8),
            nowWallMs: 1_795_838_400_000)
        #expect(headers[0].value == "20261128T040000Z")
        #expect(
            headers[1].value.hasSuffix(
                "Signature=0d0766e7170b7b7f30e5b5d79d16653e2f7d5c30826ab7c44b30c6b0c8f6e75c"), "\(headers)")
    }

    @Test(arguments: [
        ("arn:aws:sns:eu-west-1:123456789012:releases", "eu-west-1"), ("arn:aws:sqs:eu-west-1:1:x", nil),
        ("arn:aws:sns::1:x", nil), ("releases", nil), ("arn:aws:sns:evil.example/:1:x", nil),
    ])
    func aTopicNamesItsRegion(_ topic: String, _ region: String?) { #expect(SNSKind.region(of: topic) == region) }
}
