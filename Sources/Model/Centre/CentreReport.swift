/// How the configuration centre is doing, for `status` and the metrics.
public struct CentreReport: Sendable, Equatable {
    /// `etcd:/rollguard/v1/`.
    public var label: String
    /// Of the state in force, as the centre names it; nil while nothing of the centre is in force.
    public var revision: String?
    /// From the manifest of the state in force.
    public var manifestRevision: Int64?
    /// Of the state in force.
    public var digest: String?
    /// When the centre was last read whole, by the wall clock; nil before the first time.
    public var lastReadWallMs: Int64?
    /// The state in force was read from the disk, and the centre has not confirmed it since.
    public var isFromDisk = false
    /// Why the centre cannot be read, or why what it holds is not in force; nil when it is.
    public var problem: String?
    /// What an operator of this host has ordered against the centre.
    public var brake = CentreBrake()
    /// Revision of what the centre holds while something else is pinned; nil when that is not known, or when it is the same.
    public var heldRevision: String?

    public init(label: String) { self.label = label }

    /// `etcd:/rollguard/v1/ at revision 42 (from the disk): cannot be read: …`
    public var text: String {
        let state = revision.map { " at revision \($0)" } ?? ", nothing of it is in force"
        let held = heldRevision.map { "the centre holds revision \($0), which is not in force" }
        let orders = brake.texts + (held.map { [$0] } ?? [])
        let origin = isFromDisk && !brake.isSet ? " (from the disk)" : ""
        return label + state + origin + (orders.isEmpty ? "" : "; " + orders.joined(separator: "; "))
            + (problem.map { ": \($0)" } ?? "")
    }

    /// Nothing keeps what the centre holds from being in force.
    public var isInForce: Bool { problem == nil && !brake.isSet }
}
