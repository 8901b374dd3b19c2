import Model
import Ports
package import Support

/// What became of one notification of an incident at one receiver.
package struct NotifiedDocument: Codable, Sendable, Equatable {
    /// The delivery id that the receiver was shown.
    package var id: String
    package var receiver: String
    /// `rollback_intended`, `rollback_acknowledged`, …
    package var event: String
    /// `waiting`, `delivered`, `dead` (given up) or `dropped`.
    package var state: String
    package var attempts: Int
    /// Why the last attempt failed; empty without a failure.
    package var reason: String
    /// When it was delivered, given up or dropped; nil while it waits.
    @ExplicitNull package var at: WallTime?

    init(_ fate: DeliveryFate) {
        (id, receiver, event) = (fate.id, fate.receiver, fate.event.rawValue)
        (state, attempts, reason) = (fate.state.rawValue, fate.attempts, fate.reason)
        at = fate.settledWallMs.map { WallTime(wallMs: $0) }
    }
}
