import Model

/// A kind of receiver, as configurations have it. A new kind is such a type, a line in ``ReceiverKinds``, and the type
/// that delivers.
protocol ReceiverKind: SendableMetatype {
    static var kind: ReceiverPlan.Kind { get }

    /// What is sent, for the reference table: "posts to an Alertmanager's API".
    static var sentence: String { get }

    /// The fields that no other kind has.
    static var settings: [Setting<ReceiverPlan>] { get }
}

extension ReceiverKind {
    static var settings: [Setting<ReceiverPlan>] { [] }
}

/// All kinds of receivers, in the order of the documentation.
enum ReceiverKinds {
    static let all: [any ReceiverKind.Type] = [
        WebhookKind.self, AlertmanagerWebhookKind.self, AlertmanagerKind.self, SlackKind.self,
    ]

    static var sentence: String {
        all.map { "`\($0.kind.rawValue)` \($0.sentence)" }.joined(separator: ", ") + " ([details](webhooks.md))"
    }

    /// The fields of the kinds; each is refused beside another kind.
    static var settings: [Setting<ReceiverPlan>] {
        all.flatMap { kind in kind.settings.map { own($0, of: kind.kind) } }
    }

    private static func own(
        _ setting: Setting<ReceiverPlan>, of kind: ReceiverPlan.Kind
    ) -> Setting<ReceiverPlan> {
        var own = setting.written { $0.kind == kind }.reading { fields, plan in
            for name in setting.names where plan.kind != kind {
                fields[name]?.fail("'\(name)' is a field of the kind \(kind.rawValue) alone; remove it")
            }
            return plan.kind == kind ? setting.read(fields, &plan) : true
        }
        own.sentence = "of `\(kind.rawValue)` alone: \(setting.sentence)"
        return own
    }
}

private enum WebhookKind: ReceiverKind {
    static let kind = ReceiverPlan.Kind.webhook
    static let sentence = "receives Rollguard's own JSON"
}

private enum AlertmanagerWebhookKind: ReceiverKind {
    static let kind = ReceiverPlan.Kind.alertmanagerWebhook
    static let sentence = "receives what an Alertmanager would post"
}

private enum AlertmanagerKind: ReceiverKind {
    static let kind = ReceiverPlan.Kind.alertmanager
    static let sentence = "is an Alertmanager's API"

    static var settings: [Setting<ReceiverPlan>] {
        [
            .value(
                "resend", \.resendMs, .duration(1_000...600_000), "how often firing alerts are sent again")
        ]
    }
}

private enum SlackKind: ReceiverKind {
    static let kind = ReceiverPlan.Kind.slack
    static let sentence = "is a chat's incoming webhook"
}
