import Model
import Ports

/// Publishes an event of a plan. Its id ends with the step's key, so that a repetition is recognised.
struct EventStepDriver: Sendable {
    let publish: @Sendable (String, PlanEvent) async -> DeliveryOutcome
    let wallMs: @Sendable () -> Int64
    /// Before the step's key in the id: keys repeat when a journal begins from nothing, ids must not.
    let prefix: String

    func plan(_ receiver: String, _ call: StepCall) -> String {
        "an event with the id \(prefix)\(call.key), by the receiver \(receiver)"
    }

    func run(_ receiver: String, _ call: StepCall) async -> StepAnswer {
        let event = PlanEvent(
            id: prefix + call.key, release: call.release, incident: call.incident, step: call.step.name,
            baselineVersion: call.baselineVersion, canaryVersion: call.canaryVersion, atWallMs: wallMs())
        return switch await publish(receiver, event) {
        case .delivered: .done("\(receiver) has taken it")
        case .retry(let reason, _): .failed("\(receiver): \(reason)")
        case .refused(let reason): .refused("\(receiver): \(reason)")
        }
    }
}
