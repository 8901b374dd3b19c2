import Model
import Support

/// The named values of a message, in the order of their importance.
struct MessageFacts {
    private let notification: Notification

    init(_ notification: Notification) { self.notification = notification }

    var all: [MessageContent.Fact] {
        let alert = notification.alert
        return [
            fact("Versions", versions),
            fact("Canary's share", share),
            fact("Measured", alert.map { measured($0.evidence) }),
            fact("Rule", alert.map(rule)),
            fact("Done", done),
            fact("Runbook", runbook),
        ].compactMap { $0 }
    }

    private func fact(_ name: String, _ value: String?) -> MessageContent.Fact? {
        value.flatMap { $0.isEmpty ? nil : MessageContent.Fact(name: name, value: $0) }
    }

    private var versions: String {
        "canary \(notification.canaryVersion), baseline \(notification.baselineVersion)"
    }

    /// `10.5% -> 0%`.
    private var share: String? {
        let shares = [notification.splitBefore, notification.splitAfter].compactMap { $0 }
            .map { NumberText.percent(Double($0.canaryBasisPoints) / 10_000) }
        return shares.isEmpty ? nil : shares.joined(separator: " -> ")
    }

    /// `error_rate: canary 8% of 100 requests, baseline 0.111% of 900 requests`.
    private func measured(_ evidence: Evidence) -> String {
        func side(_ name: String, _ side: Evidence.Side) -> String {
            let value = side.value.flatMap { $0.isFinite ? $0 : nil }.map { text($0, evidence) } ?? "no value"
            return "\(name) \(value) of \(NumberText.plain(side.requests)) requests"
        }
        return "\(evidence.indicator): \(side("canary", evidence.canary)), \(side("baseline", evidence.baseline))"
    }

    /// Records of older versions do not say what their values measure.
    private func text(_ value: Double, _ evidence: Evidence) -> String {
        let isTime = evidence.indicator.hasPrefix("latency")
        return NumberText.text(value, evidence.measure ?? (isTime ? .seconds : .share))
    }

    private func rule(_ alert: AlertRecord) -> String {
        "\(alert.rule): \(alert.evidence.condition) in \(NumberText.seconds(Double(alert.evidence.windowMs) / 1_000))"
    }

    /// The last steps of the incident: `20:00:28 intended, 20:00:31 proven`.
    private var done: String? {
        let steps = notification.timeline.suffix(6).map { step in
            "\(WallTime(wallMs: step.atWallMs).description.dropFirst(11).prefix(8)) \(step.step)"
        }
        return steps.isEmpty ? nil : steps.joined(separator: ", ") + " (UTC)"
    }

    private var runbook: String? {
        notification.alert?.annotations.first { $0.name == "runbook_url" || $0.name == "runbook" }?.value
    }
}
