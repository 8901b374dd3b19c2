import Declarations
import Model
import Ports

/// Rollguard's own JSON.
enum WebhookKind: DeliveringReceiverKind {
    struct Settings: ReceiverSettings {
        static let kind = "webhook"
    }

    static let sentence = "receives Rollguard's own JSON"
    static let blank = Settings()

    static func receiver(_ plan: ReceiverPlan, _: Settings, _ setup: ReceiverSetup) -> any Receiver {
        WebhookReceiver(plan: plan, setup: setup)
    }
}

/// Our own JSON, version 1: everything that is known, with the delivery's stable id and a signature.
struct WebhookReceiver: Receiver {
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
        await post.send(WebhookDocument(delivery, externalURL: externalURL)) { (body) throws(SecretError) in
            try headers.make(delivery, body: body)
        }
    }
}
