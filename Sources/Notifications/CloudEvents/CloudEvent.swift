import Model
import Support

/// CloudEvents 1.0 in the structured mode.
///
/// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
struct CloudEvent<Content: Encodable>: Encodable {
    let specversion = "1.0"
    /// Duplicates have the same `source` and `id`.
    let id: String
    let source: String
    let type: String
    let subject: String
    let time: String
    let datacontenttype = "application/json"
    let data: Content
}

extension CloudEvent where Content == WebhookDocument {
    init(_ delivery: Delivery, externalURL: String?) {
        let notification = delivery.notification
        self.init(
            id: delivery.id, source: externalURL ?? "/rollguard",
            type: "rollguard.\(notification.event.rawValue).v1",
            subject: [notification.release, notification.incident ?? notification.rollout].compactMap { $0 }
                .joined(separator: "/"),
            time: WallTime(wallMs: notification.atWallMs).description,
            data: WebhookDocument(delivery, externalURL: externalURL))
    }
}

/// The `data` of an event of a plan.
struct PlanEventDocument: Encodable {
    let version = 1
    let release: String
    let incident: String
    let step: String
    let baseline_version: String
    let canary_version: String
}

extension CloudEvent where Content == PlanEventDocument {
    init(_ event: PlanEvent, externalURL: String?) {
        self.init(
            id: event.id, source: externalURL ?? "/rollguard", type: "rollguard.plan_event.v1",
            subject: "\(event.release)/\(event.incident)", time: WallTime(wallMs: event.atWallMs).description,
            data: PlanEventDocument(
                release: event.release, incident: event.incident, step: event.step,
                baseline_version: event.baselineVersion, canary_version: event.canaryVersion))
    }
}
