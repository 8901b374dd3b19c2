public import Model

/// Delivers notifications to one receiver. Stateless; retries, pauses and the dead letters are the outbox's business.
public protocol Receiver: Sendable {
    /// The name in the plan.
    var name: String { get }
    /// Tries once, within the timeout of the configuration.
    func deliver(_ delivery: Delivery) async -> DeliveryOutcome
    /// Whether a message may report it together with the same event of other releases (``Notification/grouped``).
    func canGroup(_ notification: Notification) -> Bool
    /// How often the receiver wants the alerts that last once more; nil for a receiver that gets changes only.
    var resendMs: Int64? { get }
    /// Sends the alerts that last once more. Nothing waits in the outbox then, so this never overtakes a delivery; it is
    /// not journalled either, because the next one repairs what this one lost.
    ///
    /// - Parameter standing: ``Kernel/standingAlerts(at:)``.
    func resend(_ standing: [Notification]) async -> DeliveryOutcome
    /// Publishes an event of a plan, once more under the same id where an earlier try may have arrived. Kinds that send no
    /// CloudEvents refuse it.
    func publish(_ event: PlanEvent) async -> DeliveryOutcome
    /// Continues with what the receiver of the same name knew before a reload.
    func takeOver(from previous: any Receiver)
}

extension Receiver {
    public func canGroup(_ notification: Notification) -> Bool { false }

    public var resendMs: Int64? { nil }

    public func resend(_ standing: [Notification]) async -> DeliveryOutcome { .delivered }

    public func publish(_ event: PlanEvent) async -> DeliveryOutcome {
        .refused(reason: "the receiver \(name) sends no CloudEvents")
    }

    public func takeOver(from previous: any Receiver) {}
}

/// The result of one try.
public enum DeliveryOutcome: Sendable, Equatable {
    /// The receiver accepted it.
    case delivered
    /// Network errors, 5xx, 429. `afterMs` is the receiver's own wish (`Retry-After`).
    case retry(reason: String, afterMs: Int64?)
    /// Other 4xx: trying again cannot help.
    case refused(reason: String)
}
