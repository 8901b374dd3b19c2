import Declarations
import Model
import Ports
import Support

/// CloudEvents 1.0 in the structured mode: the document of the kind `webhook` as `data` of an event.
enum CloudEventsKind: DeliveringReceiverKind {
    struct Settings: ReceiverSettings {
        static let kind = "cloudevents"
    }

    static let sentence = "receives CloudEvents 1.0 with Rollguard's own JSON as `data`"
    static let blank = Settings()
    static let isReadByPeople = false

    static func receiver(_ plan: ReceiverPlan, _: Settings, _ setup: ReceiverSetup) -> any Receiver {
        CloudEventsReceiver(plan: plan, setup: setup)
    }
}

struct CloudEventsReceiver: Receiver {
    private let plan: ReceiverPlan
    private let post: JSONDelivery
    private let headers: SignedHeaders
    private let externalURL: String?

    init(plan: ReceiverPlan, setup: ReceiverSetup) {
        self.plan = plan
        post = setup.post(plan, contentType: "application/cloudevents+json; charset=utf-8")
        externalURL = setup.externalURL
        headers = SignedHeaders(plan: plan, secrets: setup.secrets, clock: setup.clock)
    }

    var name: String { plan.name }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        await post.send(CloudEvent(delivery, externalURL: externalURL)) { (body) throws(SecretError) in
            try headers.make(delivery, body: body)
        }
    }
}

/// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
struct CloudEvent: Encodable {
    let specversion = "1.0"
    /// Duplicates have the same `source` and `id`.
    let id: String
    let source: String
    let type: String
    let subject: String
    let time: String
    let datacontenttype = "application/json"
    let data: WebhookDocument

    init(_ delivery: Delivery, externalURL: String?) {
        let notification = delivery.notification
        id = delivery.id
        source = externalURL ?? "/rollguard"
        type = "rollguard.\(notification.event.rawValue).v1"
        subject = [notification.release, notification.incident ?? notification.rollout].compactMap { $0 }
            .joined(separator: "/")
        time = WallTime(wallMs: notification.atWallMs).description
        data = WebhookDocument(delivery, externalURL: externalURL)
    }
}
