package import Model

/// What becomes of a delivery when it is its turn.
package enum DeliveryPermit: Sendable, Equatable {
    case send
    /// Not yet: another replica of the daemon sends it, unless that one is gone.
    case hold
    /// Another replica has sent it.
    case drop
}

/// Of a daemon that has replicas: which deliveries are its own, and which have reached their receivers.
package struct DeliveryRights: Sendable {
    /// Nil asks for what lasts and is sent again and again.
    package let permit: @Sendable (Delivery?) -> DeliveryPermit
    /// Called with each delivery that a receiver has accepted.
    package let delivered: @Sendable (Delivery) -> Void

    package init(
        permit: @escaping @Sendable (Delivery?) -> DeliveryPermit, delivered: @escaping @Sendable (Delivery) -> Void
    ) {
        self.permit = permit
        self.delivered = delivered
    }
}
