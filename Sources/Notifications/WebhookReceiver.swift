import Model
import Ports

/// Our own JSON, version 1: everything that is known, with the delivery's stable id and a signature.
struct WebhookReceiver: Receiver {
    private let plan: ReceiverPlan
    private let post: JSONDelivery
    private let headers: SignedHeaders
    private let externalURL: String?

    init(
        plan: ReceiverPlan, post: JSONDelivery, secrets: any SecretStore, clock: @escaping @Sendable () -> Int64,
        externalURL: String?
    ) {
        self.plan = plan
        self.post = post
        self.externalURL = externalURL
        headers = SignedHeaders(plan: plan, secrets: secrets, clock: clock)
    }

    var name: String { plan.name }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        await post.send(WebhookDocument(delivery, externalURL: externalURL)) { (body) throws(SecretError) in
            try headers.make(delivery, body: body)
        }
    }
}

/// The payload that Alertmanager's webhook receiver posts (version "4"), for tools that read that already.
struct AlertmanagerWebhookReceiver: Receiver {
    private let plan: ReceiverPlan
    private let post: JSONDelivery
    private let headers: SignedHeaders
    private let externalURL: String?

    init(
        plan: ReceiverPlan, post: JSONDelivery, secrets: any SecretStore, clock: @escaping @Sendable () -> Int64,
        externalURL: String?
    ) {
        self.plan = plan
        self.post = post
        self.externalURL = externalURL
        headers = SignedHeaders(plan: plan, secrets: secrets, clock: clock)
    }

    var name: String { plan.name }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        let alerts = AlertmanagerAlert.changes(delivery.notification, externalURL: externalURL)
        let document = AlertmanagerWebhookDocument(alerts, receiver: name, externalURL: externalURL)
        return await post.send(document) { (body) throws(SecretError) in try headers.make(delivery, body: body) }
    }
}
