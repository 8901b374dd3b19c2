import Model
import Ports

@testable import Notifications

/// One answer of a service, and what it means.
struct RecordedAnswer: Sendable, CustomStringConvertible {
    enum Meaning: Sendable, Equatable {
        case delivered
        /// With the wish of the service, milliseconds.
        case retry(afterMs: Int64? = nil)
        case refused
        case gone
    }

    let status: Int
    var headers: [TextPair] = []
    let body: String
    let meaning: Meaning

    init(_ status: Int, _ body: String, _ meaning: Meaning, headers: [TextPair] = []) {
        self.status = status
        self.headers = headers
        self.body = body
        self.meaning = meaning
    }

    var description: String { "\(status) \(body.prefix(40))" }

    var answer: ScriptedTransport.Answer { .status(status, headers: headers, body: body) }
}

/// A service as the conformance kit tests it: how it is configured, and the answers of its documentation.
struct ServiceSample: Sendable, CustomStringConvertible {
    let kind: ReceiverPlan.Kind
    var url = "https://chat.example/hooks/a-secret-path"
    let success: RecordedAnswer
    let answers: [RecordedAnswer]
    /// The longest body, bytes.
    let limitBytes: Int
    /// Foreign text that must not be in a body as it is.
    var refused: [String] = ["@everyone", "@all"]
    /// Whether a body of 200 that is not the service's own counts as delivered.
    var judgesByStatus = false
    /// Whether all of its calls are signed with the time.
    var isSigned = false

    var description: String { kind.name }

    static let marks = ["<!channel>", "](http://evil.example)", "<users/all>", "<at id=all>", "<@all>"] + mentions
    private static let slackMarks = ["<!channel>", "<@all>"] + mentions
    static let mentions = ["@everyone", "@all", "@here"]

    private static let rate = RecordedAnswer(
        429, "", .retry(afterMs: 7_000), headers: [TextPair("Retry-After", "7")])

    static let all: [ServiceSample] = chats + chinese + pagers + others

    private static let chats: [ServiceSample] = [
        ServiceSample(
            kind: SlackKind.kind, success: RecordedAnswer(200, "ok", .delivered),
            answers: [
                rate, RecordedAnswer(400, "invalid_payload", .refused), RecordedAnswer(403, "invalid_token", .gone),
                RecordedAnswer(404, "no_service", .gone), RecordedAnswer(410, "channel_is_archived", .gone),
                RecordedAnswer(500, "rollup_error", .retry()),
            ], limitBytes: 12_000, refused: slackMarks, judgesByStatus: true),
        ServiceSample(
            kind: ReceiverPlan.Kind(SlackKind.Settings(channel: "C024BE91L")), url: "https://slack.example/api",
            success: RecordedAnswer(200, #"{"ok":true,"channel":"C024BE91L","ts":"1764302428.000100"}"#, .delivered),
            answers: [
                RecordedAnswer(200, #"{"ok":false,"error":"channel_not_found"}"#, .refused),
                RecordedAnswer(200, #"{"ok":false,"error":"invalid_auth"}"#, .gone),
                RecordedAnswer(200, #"{"ok":false,"error":"internal_error"}"#, .retry()),
                RecordedAnswer(
                    429, #"{"retry_after":1,"ok":false,"error":"rate_limited"}"#, .retry(afterMs: 1_000)),
            ], limitBytes: 40_000, refused: slackMarks, judgesByStatus: true),
        ServiceSample(
            kind: DiscordKind.kind, success: RecordedAnswer(200, #"{"id":"1234","type":0}"#, .delivered),
            answers: [
                rate, RecordedAnswer(404, #"{"message":"Unknown Webhook","code":10015}"#, .gone),
                RecordedAnswer(401, #"{"message":"401: Unauthorized","code":0}"#, .gone),
                RecordedAnswer(400, #"{"embeds":["0"]}"#, .refused),
                RecordedAnswer(
                    429, #"{"message":"rate limited","retry_after":0.25,"global":false}"#, .retry(afterMs: 250)),
            ], limitBytes: 24_000, refused: mentions, judgesByStatus: true),
        ServiceSample(
            kind: TeamsKind.kind, success: RecordedAnswer(202, "", .delivered),
            answers: [
                rate, RecordedAnswer(200, "Microsoft Teams endpoint returned HTTP error 413 with ...", .refused),
                RecordedAnswer(200, "Microsoft Teams endpoint returned HTTP error 429 with ...", .retry()),
                RecordedAnswer(404, "", .gone), RecordedAnswer(400, "", .refused),
            ], limitBytes: 18_000, refused: ["](http://evil.example)"] + mentions, judgesByStatus: true),
        ServiceSample(
            kind: MattermostKind.kind, success: RecordedAnswer(200, "ok", .delivered),
            answers: [
                rate, RecordedAnswer(200, #"{"status":"OK"}"#, .delivered), RecordedAnswer(404, "{}", .gone),
                RecordedAnswer(400, #"{"id":"web.incoming_webhook.parse.app_error","status_code":400}"#, .refused),
            ], limitBytes: 40_000, refused: ["](http://evil.example)"] + mentions, judgesByStatus: true),
        ServiceSample(
            kind: RocketChatKind.kind, success: RecordedAnswer(200, #"{"success":true}"#, .delivered),
            answers: [rate, RecordedAnswer(200, #"{"success":false,"error":"error-x"}"#, .refused)],
            limitBytes: 24_000, refused: ["](http://evil.example)"] + mentions),
        ServiceSample(
            kind: GoogleChatKind.kind, url: "https://chat.example/v1/spaces/S/messages?key=K&token=T",
            success: RecordedAnswer(200, #"{"name":"spaces/S/messages/M","thread":{"name":"T"}}"#, .delivered),
            answers: [
                rate, RecordedAnswer(429, #"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}"#, .retry()),
                RecordedAnswer(404, "{}", .gone),
            ], limitBytes: 8_000, refused: ["](http://evil.example)", "<users/all>"] + mentions),
        ServiceSample(
            kind: ReceiverPlan.Kind(TelegramKind.Settings(token: .file("/run/token"), chat: "-100")),
            url: "https://telegram.example",
            success: RecordedAnswer(
                200, #"{"ok":true,"result":{"message_id":7,"chat":{"id":-100}}}"#, .delivered),
            answers: [
                RecordedAnswer(
                    429, #"{"ok":false,"error_code":429,"description":"Too Many","parameters":{"retry_after":5}}"#,
                    .retry(afterMs: 5_000)),
                RecordedAnswer(
                    400, #"{"ok":false,"error_code":400,"description":"Bad Request: message is not modified"}"#,
                    .delivered),
                RecordedAnswer(
                    400, #"{"ok":false,"error_code":400,"description":"x","parameters":{"migrate_to_chat_id":-1}}"#,
                    .gone),
                RecordedAnswer(403, #"{"ok":false,"error_code":403,"description":"bot was kicked"}"#, .gone),
                RecordedAnswer(400, #"{"ok":false,"error_code":400,"description":"can't parse"}"#, .refused),
                RecordedAnswer(502, "<html>", .retry()),
            ], limitBytes: 24_000, refused: ["<!channel>"] + mentions),
        ServiceSample(
            kind: ReceiverPlan.Kind(WebexKind.Settings(room: "R")),
            success: RecordedAnswer(200, #"{"id":"M","roomId":"R"}"#, .delivered),
            answers: [rate, RecordedAnswer(401, "{}", .gone), RecordedAnswer(400, "{}", .refused)],
            limitBytes: 16_000, refused: ["](http://evil.example)"] + mentions),
    ]

    private static let chinese: [ServiceSample] = [
        ServiceSample(
            kind: ReceiverPlan.Kind(DingTalkKind.Settings(keyword: "canary", mentions: ["13800000000"])),
            success: RecordedAnswer(200, #"{"errcode":0,"errmsg":"ok"}"#, .delivered),
            answers: [
                RecordedAnswer(200, #"{"errcode":310000,"errmsg":"invalid timestamp"}"#, .gone),
                RecordedAnswer(200, #"{"errcode":130101,"errmsg":"send too fast"}"#, .retry(afterMs: 600_000)),
                RecordedAnswer(200, #"{"errcode":40035,"errmsg":"bad parameter"}"#, .refused),
            ], limitBytes: 20_000, refused: ["](http://evil.example)"] + mentions, isSigned: true),
        ServiceSample(
            kind: FeishuKind.kind, success: RecordedAnswer(200, #"{"code":0,"msg":"success"}"#, .delivered),
            answers: [
                RecordedAnswer(200, #"{"StatusCode":0,"StatusMessage":"success"}"#, .delivered),
                RecordedAnswer(200, #"{"code":19021,"msg":"sign match fail"}"#, .gone),
                RecordedAnswer(200, #"{"code":11232,"msg":"frequency limited"}"#, .retry(afterMs: 60_000)),
                RecordedAnswer(200, #"{"code":9499,"msg":"Bad Request"}"#, .refused),
            ], limitBytes: 20_000, refused: [], isSigned: true),
        ServiceSample(
            kind: ReceiverPlan.Kind(WeComKind.Settings(mentions: ["zhang"])),
            success: RecordedAnswer(200, #"{"errcode":0,"errmsg":"ok"}"#, .delivered),
            answers: [
                RecordedAnswer(200, #"{"errcode":45009,"errmsg":"api freq out of limit"}"#, .retry(afterMs: 60_000)),
                RecordedAnswer(200, #"{"errcode":93000,"errmsg":"invalid webhook url"}"#, .gone),
                RecordedAnswer(200, #"{"errcode":40058,"errmsg":"too long"}"#, .refused),
            ], limitBytes: 8_000, refused: ["](http://evil.example)", "<@all>"] + mentions),
    ]

    private static let pagers: [ServiceSample] = [
        ServiceSample(
            kind: ReceiverPlan.Kind(PagerDutyKind.Settings(key: .file("/run/pd"), least: .info)),
            success: RecordedAnswer(202, #"{"status":"success","dedup_key":"k"}"#, .delivered),
            answers: [
                RecordedAnswer(429, "", .retry(afterMs: 30_000)),
                RecordedAnswer(400, #"{"status":"invalid event","errors":["'routing_key' is invalid"]}"#, .gone),
                RecordedAnswer(400, #"{"status":"invalid event","errors":["summary"]}"#, .refused),
            ], limitBytes: 64_000, refused: []),
        ServiceSample(
            kind: ReceiverPlan.Kind(OpsgenieKind.Settings(key: .file("/run/og"), least: .info)),
            success: RecordedAnswer(
                202, #"{"result":"Request will be processed","requestId":"43a29c5c"}"#, .delivered),
            answers: [rate, RecordedAnswer(401, "{}", .gone), RecordedAnswer(422, "{}", .refused)],
            limitBytes: 32_000, refused: []),
        ServiceSample(
            kind: ReceiverPlan.Kind(SplunkOnCallKind.Settings(least: .info)),
            success: RecordedAnswer(200, #"{"result":"success","entity_id":"e"}"#, .delivered),
            answers: [rate, RecordedAnswer(200, #"{"result":"failure","messages":"x"}"#, .refused)],
            limitBytes: 20_480, refused: []),
        ServiceSample(
            kind: ReceiverPlan.Kind(NtfyKind.Settings(topic: "releases")), url: "https://ntfy.example/",
            success: RecordedAnswer(200, #"{"id":"hwQ2YpKdmg","event":"message"}"#, .delivered),
            answers: [rate, RecordedAnswer(403, #"{"code":40301,"http":403}"#, .gone)],
            limitBytes: 8_000, refused: []),
        ServiceSample(
            kind: ReceiverPlan.Kind(PushoverKind.Settings(token: .file("/run/t"), user: .file("/run/u"))),
            success: RecordedAnswer(200, #"{"status":1,"request":"r"}"#, .delivered),
            answers: [
                RecordedAnswer(429, "{}", .retry(afterMs: 3_600_000)),
                RecordedAnswer(400, #"{"user":"invalid","errors":["user identifier is invalid"],"status":0}"#, .gone),
                RecordedAnswer(400, #"{"errors":["message cannot be blank"],"status":0}"#, .refused),
                RecordedAnswer(200, #"{"status":0,"errors":["x"]}"#, .refused),
            ], limitBytes: 8_000, refused: []),
    ]

    private static let others: [ServiceSample] = [
        ServiceSample(
            kind: ReceiverPlan.Kind(
                SNSKind.Settings(
                    topic: "arn:aws:sns:eu-west-1:123456789012:releases.fifo", keyID: "AKIDEXAMPLE",
                    key: .file("/run/key"))), url: "https://sns.example",
            success: RecordedAnswer(
                200,
                "<PublishResponse><PublishResult><MessageId>567910cd</MessageId></PublishResult></PublishResponse>",
                .delivered),
            answers: [
                RecordedAnswer(400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>", .retry()),
                RecordedAnswer(
                    403, "<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>", .retry()),
                RecordedAnswer(
                    403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>", .gone),
                RecordedAnswer(404, "<ErrorResponse><Error><Code>NotFound</Code></Error></ErrorResponse>", .gone),
                RecordedAnswer(
                    400, "<ErrorResponse><Error><Code>InvalidParameter</Code></Error></ErrorResponse>", .refused),
            ], limitBytes: 64_000, refused: []),
        ServiceSample(
            kind: ReceiverPlan.Kind(
                HTTPMessageKind.Settings(body: .mapping([.init(name: "text", value: .text(template))]))),
            success: RecordedAnswer(204, "", .delivered),
            answers: [
                rate, RecordedAnswer(400, "", .refused), RecordedAnswer(410, "", .gone),
                RecordedAnswer(503, "", .retry()),
            ], limitBytes: 80_000, refused: [], judgesByStatus: true),
    ]

    private static let template =
        "{{ .Rollguard.Release }}: {{ .Rollguard.Summary }}"
}
