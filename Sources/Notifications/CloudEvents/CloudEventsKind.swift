import Declarations
import Model
import Ports
import Support

/// CloudEvents 1.0 in the structured mode: the document of the kind `webhook` as `data` of an event.
enum CloudEventsKind: DeliveringReceiverKind {
    struct Settings: ReceiverSettings {
        static let kind = "cloudevents"
        static let sendsCloudEvents = true
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

    func publish(_ event: PlanEvent) async -> DeliveryOutcome {
        await post.send(CloudEvent(event, externalURL: externalURL)) { (body) throws(SecretError) in
            try headers.make(id: event.id, event: "plan_event", attempt: 1, body: body)
        }
    }
}
