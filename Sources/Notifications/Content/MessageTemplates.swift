import Declarations
import Model
import Support
import Templates

/// Texts of one's own for a receiver: templates in Go's syntax with Alertmanager's data.
///
/// A template that fails never loses a message: the ready text goes out, and says what failed.
struct MessageTemplates: Sendable {
    let title: String?
    let text: String?
    let receiver: String

    init(_ plan: ReceiverPlan) {
        (title, text, receiver) = (plan.titleTemplate, plan.textTemplate, plan.name)
    }

    /// - Parameter nowWallMs: of the notification, so that each attempt makes the same text.
    func content(_ notification: Notification, externalURL: String?) -> MessageContent {
        let content = MessageContent(notification, externalURL: externalURL)
        guard title != nil || text != nil else { return content }
        let data = MessageData.value(content, receiver: receiver, externalURL: externalURL)
        var own = content
        do throws(TemplateError) {
            if let title { own = own.titled(try Self.filled(title, data, notification)) }
            if let text { own = own.saying(try Self.filled(text, data, notification)) }
            return own
        } catch {
            return content.remarking("Template", "it failed: \(error.reason)")
        }
    }

    static func filled(
        _ template: String, _ data: TemplateValue, _ notification: Notification
    ) throws(TemplateError) -> String {
        try GoTemplate(template).text(data, nowWallMs: notification.atWallMs)
    }

    /// The same for a reader of configurations.
    static func reported(_ template: String) -> TemplateProblem? {
        problem(template).map { TemplateProblem(offset: $0.offset, reason: $0.reason) }
    }

    /// What is wrong with a template, found without sending anything: it is filled in for every event, with and without
    /// an alert.
    static func problem(_ template: String) -> TemplateError? {
        do throws(TemplateError) {
            let parsed = try GoTemplate(template)
            for notification in TestDeliveries.samples {
                let content = MessageContent(notification, externalURL: "https://rollguard.example")
                let data = MessageData.value(content, receiver: "receiver", externalURL: "https://rollguard.example")
                _ = try parsed.text(data, nowWallMs: notification.atWallMs)
            }
            return nil
        } catch { return error }
    }
}

/// What a template of a message works on: Alertmanager's names, and ours under `.Rollguard`.
enum MessageData {
    static func value(_ content: MessageContent, receiver: String, externalURL: String?) -> TemplateValue {
        let notification = content.notification
        let alerts = notification.all.flatMap { AlertmanagerAlert.changes($0, externalURL: externalURL) }
        let document = AlertmanagerWebhookDocument(alerts, receiver: receiver, externalURL: externalURL)
        let value = TemplateValue.record([
            "Receiver": .text(receiver), "Status": .text(notification.closesSubject ? "resolved" : "firing"),
            "Alerts": .list(zip(alerts, document.alerts).map(alert)),
            "GroupLabels": .texts(groupLabels(notification)),
            "CommonLabels": .texts(alerts.isEmpty ? groupLabels(notification) : document.commonLabels),
            "CommonAnnotations": .texts(
                alerts.isEmpty ? ["summary": notification.summary] : document.commonAnnotations),
            "ExternalURL": .text(externalURL ?? ""), "Rollguard": rollguard(content),
        ])
        return bounded(value)
    }

    private static func groupLabels(_ notification: Notification) -> [String: String] {
        notification.grouped.isEmpty
            ? ["release": notification.release] : ["event": notification.event.rawValue]
    }

    /// Of one text, in UTF-8: no label makes a message too long.
    private static let textLimitBytes = 4_096
    /// Of the timeline, the newest.
    private static let timelineSteps = 50

    /// Without control characters other than line breaks and tabs, which no message needs.
    private static func bounded(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            guard scalar.value >= 0x20 && scalar.value != 0x7F || scalar == "\n" || scalar == "\t" else { continue }
            bytes += UTF8.width(scalar)
            guard bytes <= textLimitBytes else {
                shown.append("…")
                break
            }
            shown.append(scalar)
        }
        return String(shown)
    }

    private static func bounded(_ value: TemplateValue) -> TemplateValue {
        switch value {
        case .text(let text): .text(bounded(text))
        case .list(let list): .list(list.map(bounded))
        case .map(let map): .map(map.mapValues(bounded))
        case .record(let fields): .record(fields.mapValues(bounded))
        default: value
        }
    }

    private static func alert(
        _ alert: AlertmanagerAlert, _ document: AlertmanagerWebhookDocument.Alert
    ) -> TemplateValue {
        var endMs: Int64 = -62_135_596_800_000
        if case .ended(let wallMs) = alert.span { endMs = wallMs }
        return .record([
            "Status": .text(document.status), "Labels": .texts(document.labels),
            "Annotations": .texts(document.annotations), "StartsAt": .time(wallMs: alert.startsAtWallMs),
            "EndsAt": .time(wallMs: endMs), "GeneratorURL": .text(document.generatorURL),
            "Fingerprint": .text(document.fingerprint),
        ])
    }

    private static func rollguard(_ content: MessageContent) -> TemplateValue {
        let notification = content.notification
        func share(_ split: Split?) -> TemplateValue {
            .text(split.map { NumberText.percent(Double($0.canaryBasisPoints) / 10_000) } ?? "")
        }
        let facts = content.facts.map { TemplateValue.record(["Name": .text($0.name), "Value": .text($0.value)]) }
        let steps = notification.timeline.suffix(timelineSteps).map { step in
            TemplateValue.record([
                "At": .time(wallMs: step.atWallMs), "Step": .text(step.step), "Detail": .text(step.detail),
            ])
        }
        return .record([
            "Event": .text(notification.event.rawValue), "Title": .text(content.title),
            "Summary": .text(content.summary), "Severity": .text(content.severity.rawValue),
            "Release": .text(notification.releases), "Baseline": .text(notification.baselineVersion),
            "Canary": .text(notification.canaryVersion),
            "Incident": .text(notification.grouped.isEmpty ? notification.incident ?? "" : ""),
            "Rollout": .text(notification.rollout ?? ""), "Link": .text(content.link ?? ""),
            "Advice": .text(content.advice ?? ""), "DryRun": .flag(notification.isDryRun),
            "ShareBefore": share(notification.splitBefore), "ShareAfter": share(notification.splitAfter),
            "At": .time(wallMs: notification.atWallMs), "Facts": .list(facts), "Timeline": .list(steps),
        ])
    }
}
