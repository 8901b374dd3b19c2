/// An operator's orders to this host's daemon against the centre: the emergency brake. They are kept on the disk.
public struct CentreBrake: Sendable, Equatable {
    /// Who gave an order, and why.
    public struct Order: Sendable, Equatable, Codable {
        public var by: String
        public var reason: String
        public var sinceWallMs: Int64

        public init(by: String, reason: String, sinceWallMs: Int64) {
            (self.by, self.reason, self.sinceWallMs) = (by, reason, sinceWallMs)
        }

        /// `by ann ("bad push")`
        public var text: String { "by \(by)" + (reason.isEmpty ? "" : " (\"\(reason)\")") }
    }

    /// An earlier state is in force, whatever the centre holds, until it is unpinned.
    public var pin: Order?
    /// The centre is not read; what is in force stays.
    public var detachment: Order?

    public init(pin: Order? = nil, detachment: Order? = nil) { (self.pin, self.detachment) = (pin, detachment) }

    public var isSet: Bool { pin != nil || detachment != nil }

    /// `pinned by ann ("bad push")`, for people.
    public var texts: [String] {
        [pin.map { "pinned \($0.text)" }, detachment.map { "detached from the centre \($0.text)" }].compactMap(\.self)
    }
}

/// An operator's order about the configuration centre, to one daemon.
public enum CentreOrder: Sendable, Equatable {
    /// Puts an earlier state into force until `unpin`.
    ///
    /// - state: the revision of its manifest, or the begin of its digest.
    /// - isForced: although it would be refused as a probable error.
    case use(state: String, isForced: Bool)
    /// What the centre held last is in force again, and is followed.
    case unpin(isForced: Bool)
    /// The centre is not read until `attach`; what is in force stays.
    case detach
    case attach

    /// As the journal has it.
    public var name: String {
        switch self {
        case .use: "pinned"
        case .unpin: "unpinned"
        case .detach: "detached"
        case .attach: "attached"
        }
    }
}
