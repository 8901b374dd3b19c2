import Declarations
import Model
import Ports

/// The JSON that Alertmanager's webhook receiver posts (version "4"), for tools that read that already.
enum AlertmanagerWebhookKind: DeliveringReceiverKind {
    struct Settings: ReceiverSettings {
        static let kind = "alertmanager-webhook"
    }

    static let sentence = "receives what an Alertmanager would post"
    static let blank = Settings()

    static func receiver(_ plan: ReceiverPlan, _: Settings, _ setup: ReceiverSetup) -> any Receiver {
        AlertmanagerWebhookReceiver(plan: plan, setup: setup)
    }
}

struct AlertmanagerWebhookReceiver: Receiver {
    private let plan: ReceiverPlan
    private let post: JSONDelivery
    private let headers: SignedHeaders
    private let externalURL: String?

    init(plan: ReceiverPlan, setup: ReceiverSetup) {
        self.plan = plan
        post = setup.post(plan)
        externalURL = setup.externalURL
        headers = SignedHeaders(plan: plan, secrets: setup.secrets, clock: setup.clock)
    }

    var name: String { plan.name }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        let alerts = AlertmanagerAlert.changes(delivery.notification, externalURL: externalURL)
        let document = AlertmanagerWebhookDocument(alerts, receiver: name, externalURL: externalURL)
        return await post.send(document) { (body) throws(SecretError) in try headers.make(delivery, body: body) }
    }
}
