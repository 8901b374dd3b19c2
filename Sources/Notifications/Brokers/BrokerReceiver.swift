import Declarations
import Model
import Ports
import Support

/// A kind of receiver whose messages are CloudEvents in a broker.
protocol BrokerKind: DeliveringReceiverKind {
    /// Nil for settings without an address, which the configuration refuses.
    static func server(_ settings: Settings) -> BrokerAddress?

    /// Where an event about a release goes.
    static func place(_ settings: Settings, release: String, event: String) -> BrokerMessage.Place
}

extension BrokerKind {
    static var isReadByPeople: Bool { false }

    /// `server` is its address.
    static var defaultURL: String? { "" }

    static func receiver(_ plan: ReceiverPlan, _ settings: Settings, _ setup: ReceiverSetup) -> any Receiver {
        BrokerReceiver<Self>(plan: plan, settings: settings, setup: setup)
    }
}

/// Publishes to a broker; what the broker has stored is delivered.
struct BrokerReceiver<Kind: BrokerKind>: Receiver {
    let plan: ReceiverPlan
    let settings: Kind.Settings
    let setup: ReceiverSetup

    var name: String { plan.name }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        let event = CloudEvent(delivery, externalURL: setup.externalURL)
        let notification = delivery.notification
        return await send(event, release: notification.release, event: notification.event.rawValue)
    }

    func publish(_ event: PlanEvent) async -> DeliveryOutcome {
        await send(
            CloudEvent(event, externalURL: setup.externalURL), release: event.release, event: "plan_event")
    }

    private func send(_ document: CloudEvent<some Encodable>, release: String, event: String) async -> DeliveryOutcome {
        guard let brokers = setup.brokers, var server = Kind.server(settings) else {
            return .refused(reason: "this program cannot publish to a broker")
        }
        (server.security, server.timeoutMs) = (plan.security, plan.timeoutMs)
        let body: [UInt8]
        do { body = try JSONBody.encode(document) } catch {
            return .refused(reason: "the event could not be encoded as JSON: \(error)")
        }
        let place = Kind.place(settings, release: release, event: event)
        let message = BrokerMessage(place: place, id: document.id, type: document.type, body: body)
        return BrokerReceiver.meaning(await brokers.publish(message, at: server)).outcome
    }

    static func meaning(_ outcome: BrokerOutcome) -> AnswerMeaning {
        switch outcome {
        case .stored: .delivered()
        case .failed(let reason): .retry(reason)
        case .forbidden(let reason): .gone(reason)
        case .refused(let reason): .refused(reason)
        }
    }
}

/// The address of a broker, and names that may hold the release's and the event's.
enum BrokerFields {
    /// - Parameter example: for the error.
    static func server(_ schemes: [BrokerAddress.Scheme], example: String) -> ValueForm<BrokerAddress> {
        ValueForm.line(limit: 300).mapped(
            { text, field in
                if let server = BrokerAddress(text), schemes.contains(server.scheme) { return server }
                field.fail("\(Quote.value(text)) is no address of such a broker; write \(example)")
                return nil
            }, back: \.text)
    }

    /// Fills in `{release}` and `{event}`. What would be a level of a subject of its own, a wildcard or a blank becomes `_`.
    static func filled(_ pattern: String, release: String, event: String) -> String {
        pattern.replacing("{release}", with: token(release)).replacing("{event}", with: token(event))
    }

    private static func token(_ text: String) -> String {
        let plain = text.unicodeScalars.map { scalar in
            scalar.value <= 0x20 || ".*>#/{}\u{7F}".unicodeScalars.contains(scalar) ? "_" : Character(scalar)
        }
        return plain.isEmpty ? "_" : String(plain)
    }
}
