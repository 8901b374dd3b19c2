import Support

/// The share that a configuration centre holds for a release with `share_from: centre`.
public struct ShareOrder: Sendable, Equatable {
    /// What is known of the value from before this process.
    public enum Memory: Sendable, Equatable {
        /// Another value was in force before, so this one is an order.
        case other
        /// It was in force before: it orders nothing any more.
        case same
        /// It was sent to the router before and was not seen there, or the centre has gone back to it: it may lower the share still,
        /// and raises nothing.
        case sent
        /// Nothing is known of before.
        case nothing
    }

    /// What revisions of the centre say about which of two values is the later one.
    public enum Sequence: Sendable, Equatable {
        /// They grow: a lower one is from before, as after a restored backup.
        case number(UInt64)
        /// Each is used once: one that comes back is from before.
        case once
        /// They say nothing: a digest of the text.
        case none
    }

    /// The canary's share, 0...10000.
    public var basisPoints: Int
    /// Of the key's last change, as the centre names it.
    public var revision: String
    /// Where the key is: `etcd:/rollguard/v1/policy/checkout/`.
    public var source: String
    public var memory: Memory
    public var sequence: Sequence

    public init(
        basisPoints: Int, revision: String, source: String, memory: Memory = .other, sequence: Sequence = .none
    ) {
        self.sequence = sequence
        self.basisPoints = basisPoints
        self.revision = revision
        self.source = source
        self.memory = memory
    }

    /// The same value of the same change, whatever is known of before.
    public func isSame(as other: ShareOrder) -> Bool {
        basisPoints == other.basisPoints && revision == other.revision
    }

    /// `12.5 %`.
    public var shareText: String { ShareOrder.text(basisPoints) }

    public static func text(_ basisPoints: Int) -> String { NumberText.plain(Double(basisPoints) / 100) + " %" }
}

/// What a reading of the centre gave for a release.
public enum ShareReading: Sendable, Equatable {
    case order(ShareOrder)
    /// The value that was read before stays, and this says why there is no other one; nil when the reading works.
    case problem(String?)
    /// An operator has detached this host from the centre, or has attached it again: nothing is carried out meanwhile.
    case detached(Bool)
}

/// How far a release is with the share that the centre holds.
public struct CentreShareReport: Sendable, Equatable {
    public var release: String
    /// Nil before the first value that can be used.
    public var order: ShareOrder?
    /// The value was in force, or is. A rollback takes such a value back in the centre, and no other one.
    public var wasInForce: Bool
    /// The router was called with the value, whatever came of it.
    public var wasSent: Bool
    /// Nothing is left to do, whether it came into force or not.
    public var isOver: Bool
    /// The release knows that this host is detached from the centre.
    public var isDetached: Bool
    /// Why the value is not in force; nil when nothing keeps it from being so.
    public var reason: String?
    /// Why the centre gives no other value; nil when it can be read and used.
    public var problem: String?
    /// As the router was last read, basis points; nil while that is not known.
    public var observedBasisPoints: Int?
    /// The release is rolled back, and the router has been called for it.
    public var isTakenOut: Bool
    /// This replica may change what the centre holds.
    public var mayLead: Bool

    public init(
        release: String, order: ShareOrder?, wasInForce: Bool, wasSent: Bool, isOver: Bool, isDetached: Bool,
        reason: String?, problem: String?, observedBasisPoints: Int?, isTakenOut: Bool, mayLead: Bool
    ) {
        self.wasSent = wasSent
        self.isOver = isOver
        self.isDetached = isDetached
        self.release = release
        self.order = order
        self.wasInForce = wasInForce
        self.reason = reason
        self.problem = problem
        self.observedBasisPoints = observedBasisPoints
        self.isTakenOut = isTakenOut
        self.mayLead = mayLead
    }

    /// `10 % at revision 12 of etcd:/…; the router has 0 % since the rollback`.
    public var text: String {
        let value = order.map { "\($0.shareText) at revision \($0.revision) of \($0.source)" } ?? "none yet"
        let parts = [value, difference, reason, problem]
        return parts.compactMap(\.self).joined(separator: "; ")
    }

    private var difference: String? {
        guard let order, observedBasisPoints != order.basisPoints else { return nil }
        guard let share = observedBasisPoints else { return "the router's share is not known" }
        return "the router has \(ShareOrder.text(share))" + (isTakenOut ? " since the rollback" : "")
    }
}

extension ConfigurationRecord {
    /// A share that the centre orders, or that is written back to it.
    public init(outcome: Outcome, order: ShareOrder, changes: String = "", problems: [String] = []) {
        self.init(
            outcome: outcome,
            state: CentreState(
                label: order.source, revision: order.revision, order: nil, digest: "", manifest: nil, files: []),
            files: ["share"], changes: changes, problems: problems)
    }
}
