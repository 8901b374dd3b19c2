import Model
import Ports
import Synchronization

/// The receivers that are in force, for steps of plans that publish by one of them.
final class ReceiverBoard: Sendable {
    private let receivers = Mutex<[String: any Receiver]>([:])

    func set(_ next: [any Receiver]) {
        receivers.withLock { $0 = Dictionary(next.map { ($0.name, $0) }, uniquingKeysWith: { $1 }) }
    }

    func publish(_ name: String, _ event: PlanEvent) async -> DeliveryOutcome {
        guard let receiver = receivers.withLock({ $0[name] }) else {
            return .refused(reason: "the receiver \(name) is not in the configuration any more")
        }
        return await receiver.publish(event)
    }
}
