import ConfigurationFiles
import Declarations
import Model
import Notifications
import Testing

/// The fields that only some kinds of receivers have.
struct ReceiverKindTests {
    private static let end = "kind: webhook, url: \"https://hooks.example/a\"}"

    private static func load(_ fields: String) -> Rulebook.Result {
        Sample.load(Sample.changed(end, to: "\(fields)}"))
    }

    /// One of each kind, as its document shows it.
    private static let samples = [
        "kind: webhook, url: \"https://a\"", "kind: alertmanager, url: \"https://a\", resend: 30s",
        "kind: alertmanager-webhook, url: \"https://a\"", "kind: cloudevents, url: \"https://a\"",
        "kind: slack, url_file: u", "kind: slack, url: \"https://slack.com/api\", channel: C1, auth: {bearer_file: t}",
        "kind: discord, url_file: u", "kind: teams, url_env: U", "kind: mattermost, url_file: u, channel: town",
        "kind: rocketchat, url_file: u", "kind: google_chat, url_file: u",
        "kind: telegram, bot_token_file: t, chat: \"-100\", topic: 7",
        "kind: webex, room: R, auth: {bearer_file: t}",
        "kind: dingtalk, url_file: u, secret_file: s, keyword: 灰度, mention: [\"138\"]",
        "kind: feishu, url_file: u, keyword: x", "kind: wecom, url_file: u, mention: [zhang]",
        "kind: pagerduty, routing_key_file: k, severity: critical", "kind: opsgenie, api_key_env: K, severity: info",
        "kind: splunk_oncall, url_file: u", "kind: ntfy, topic: releases",
        "kind: pushover, app_token_file: a, user_key_env: U",
        "kind: sns, topic_arn: \"arn:aws:sns:eu-west-1:123456789012:r\", access_key_id: K, secret_key_file: s",
        "kind: syslog, server: \"tls://log.example:6514\", facility: daemon",
        "kind: nats, server: \"tls://bus.example\", subject: \"rel.{release}\", auth: {bearer_file: t}",
        "kind: rabbitmq, server: \"amqps://mq.example:5673\", exchange: rel, vhost: shop, key: \"{event}\"",
        "kind: redis_stream, server: \"redis://[::1]:7000\", stream: rel, length: 500, remember: 1d",
        "kind: kafka, url: \"http://proxy:8082\", cluster_id: C, topic: releases",
        "kind: kafka, brokers: [\"a:9093\", \"[::1]:9092\"], topic: releases, broker_tls: true, auth: {basic: {user: u, password_file: p}}",
        "kind: http, url: \"https://a.example/x\", method: PUT, body: {a: \"{{ .Status }}\", b: [1, true, \"1\"]}, require: {/ok: \"true\"}",
        "kind: discord, url_file: u, title: \"{{ .Rollguard.Title }}\", text: \"{{ range .Alerts }}{{ .Labels.a }}{{ end }}\"",
    ]

    private static let mail = "kind: email, server: \"smtp://mail.example:587\", from: rg@example, to: [ops@example]"

    @Test(arguments: samples + [mail, mail + ", auth: {basic: {user: u, password_file: p}}"])
    func everyKindIsReadAndItsEffectiveFormReadsBack(_ sample: String) throws {
        let result = Self.load(sample)
        let plan = try #require(result.plan, "\(result.errors)")
        let again = Sample.load(Rulebook.effectiveYAML(of: plan, kinds: Sample.kinds))
        let receiver = try #require(again.plan?.receivers.first, "\(again.errors)")
        #expect(receiver.kind == plan.receivers[0].kind)
        if !receiver.kind.hasSecretAddress { #expect(receiver == plan.receivers[0]) }
    }

    @Test func everyKindHasASample() {
        let sampled = (Self.samples + [Self.mail]).compactMap { Self.load($0).plan?.receivers.first?.kind.name }
        #expect(Set(sampled) == Set(ReceiverKinds.all.map { $0.name }))
    }

    @Test(arguments: [
        ("kind: telegram, chat: x", "needs 'bot_token_file' or 'bot_token_env'"),
        ("kind: telegram, bot_token_file: t", "needs 'chat'"), ("kind: ntfy", "needs 'topic'"),
        ("kind: pushover, app_token_file: a", "needs 'user_key_file' or 'user_key_env'"),
        ("kind: pagerduty", "needs 'routing_key_file' or 'routing_key_env'"),
        ("kind: email, from: a@b, to: [c@d]", "needs 'server'"),
        ("kind: email, server: \"http://a\", from: a@b, to: [c@d]", "write smtp://host:587 or smtps://host:465"),
        ("kind: email, server: \"smtp://a\", from: a, to: [c@d]", "not a mail address"),
        ("kind: email, server: \"smtp://a\", from: a@b, to: [\"c@d>\"]", "not a mail address"),
        ("kind: email, server: \"smtp://a\", from: a@b, to: [c@d], url: \"http://x\"", "use 'server'"),
        ("kind: syslog, server: \"http://a:1\"", "write udp://host:514"),
        ("kind: nats", "needs 'server'"), ("kind: nats, server: \"redis://a\"", "write nats://host:4222"),
        ("kind: nats, server: \"nats://ann:hunter2@a\"", "is no address of such a broker"),
        ("kind: rabbitmq, server: \"amqp://a\"", "needs 'exchange'"),
        ("kind: rabbitmq, server: \"amqp://a/vhost\", exchange: e", "write amqp://host:5672"),
        ("kind: redis_stream, server: \"redis://a\", stream: \"{a}\"", "must not have braces"),
        ("kind: kafka, url: \"http://a\", topic: t", "needs 'cluster_id' or 'brokers'"),
        ("kind: kafka, cluster_id: C, topic: t", "needs 'url', 'url_file' or 'url_env'"),
        ("kind: kafka, brokers: [a], cluster_id: C, topic: t", "keep one of them"),
        ("kind: kafka, brokers: [a], url: \"http://a\", topic: t", "'url' and 'brokers' are both there"),
        ("kind: kafka, brokers: [\"http://a:9092\"], topic: t", "write host:9092"),
        ("kind: kafka, brokers: [\"ann:hunter2@a\"], topic: t", "is no address of a broker"),
        ("kind: kafka, brokers: [], topic: t", "'brokers'"),
        ("kind: nats, server: \"kafka://a\"", "write nats://host:4222"),
        ("kind: sns, topic_arn: x, access_key_id: K, secret_key_file: s", "is not a topic"),
        ("kind: http, url: \"https://a\", body: {a: \"{{ .Nosuch }}\"}", "there is no .Nosuch"),
        ("kind: ntfy, topic: a, title: \"{{ nosuch }}\"", "there is no function"),
        ("kind: webhook, url: \"https://a\", text: x", "has no texts of one's own"),
        ("kind: slack", "needs 'url', 'url_file' or 'url_env'"),
        ("kind: ntfy, topic: a, url: \"https://a\", url_file: b", "keep one of them"),
        (
            "kind: webhook, url: \"https://a\", channel: C",
            "'channel' is a field of the kinds slack, mattermost; remove it"
        ),
        ("kind: pagerduty, routing_key_file: k, severity: page", "'severity' must be"),
        ("kind: pagerduty, routing_key: hunter2", "use 'routing_key_file' or 'routing_key_env'"),
    ])
    func whatIsMissingOrTooMuchIsReported(_ fields: String, _ expected: String) {
        let errors = Self.load(fields).errors.map { "\($0)" }
        #expect(errors.contains { $0.contains(expected) }, "\(errors)")
        #expect(!errors.contains { $0.contains("hunter2") })
    }

    @Test func aServiceWithOneAddressNeedsNone() {
        #expect(Self.load("kind: ntfy, topic: a").plan?.receivers.first?.url == "https://ntfy.sh")
        #expect(Self.load("kind: ntfy, topic: a, url: \"https://b\"").plan?.receivers.first?.url == "https://b")
    }

    @Test func theSecretsOfAKindAreKnown() {
        let settings = Self.load("kind: pushover, app_token_file: /a, user_key_env: U").plan?.receivers.first?.kind
            .settings
        #expect((settings as? any HoldsSecrets)?.secrets == [.file("/a"), .environment("U")])
    }
}
