import Model
package import Support

/// How the configuration centre is doing. Fields without a value are absent.
package struct CentreDocument: Codable, Sendable, Equatable {
    /// `etcd:/rollguard/v1/`.
    package var label: String
    /// Of what is in force, as the centre names it.
    package var revision: String?
    package var manifestRevision: Int64?
    package var digest: String?
    /// When the centre was last read whole.
    package var lastReadAt: WallTime?
    /// What is in force comes from the disk, and the centre has not confirmed it since the start.
    package var fromDisk: Bool
    /// Why the centre cannot be read, or why what it holds is not in force.
    package var problem: String?
    /// The same in a sentence.
    package var text: String
    /// An earlier state is in force until it is unpinned.
    package var pinned: Order?
    /// The centre is not read until it is attached.
    package var detached: Order?
    /// What the centre holds while something else is pinned.
    package var heldRevision: String?

    /// An operator's order against the centre.
    package struct Order: Codable, Sendable, Equatable {
        package var by: String
        package var reason: String
        package var since: WallTime

        init(_ order: CentreBrake.Order) {
            (by, reason, since) = (order.by, order.reason, WallTime(wallMs: order.sinceWallMs))
        }
    }

    init(_ report: CentreReport) {
        label = report.label
        revision = report.revision
        manifestRevision = report.manifestRevision
        digest = report.digest
        lastReadAt = report.lastReadWallMs.map { WallTime(wallMs: $0) }
        fromDisk = report.isFromDisk
        problem = report.problem
        text = report.text
        (pinned, detached) = (report.brake.pin.map(Order.init), report.brake.detachment.map(Order.init))
        heldRevision = report.heldRevision
    }

    enum CodingKeys: String, CodingKey {
        case label, revision, digest, problem, text, pinned, detached
        case heldRevision = "held_revision"
        case manifestRevision = "manifest_revision"
        case lastReadAt = "last_read_at"
        case fromDisk = "from_disk"
    }
}
