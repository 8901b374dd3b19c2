import Model

/// A change of the configuration centre, or an operator's order about it, taken or refused: what an audit asks for. Fields
/// without a value are absent.
package struct ConfigurationDocument: Codable, Sendable, Equatable {
    /// `applied` or `refused`.
    package var outcome: String
    /// The centre: `etcd:/rollguard/v1/`.
    package var source: String
    /// As the centre names it.
    package var revision: String
    package var digest: String
    package var manifestRevision: Int64?
    /// As the manifest claims; no centre proves it.
    package var author: String?
    package var reason: String?
    /// `changed rules/errors.yaml`.
    package var files: [String]
    /// What differs in the configuration in force.
    package var changes: String
    /// Why it was refused.
    package var problems: [String]
    /// `pinned`, `unpinned`, `detached` or `attached`.
    package var order: String?
    package var ordered: CentreDocument.Order?

    init(_ record: ConfigurationRecord) {
        outcome = record.outcome.rawValue
        (source, revision, digest) = (record.source, record.revision, record.digest)
        (manifestRevision, author, reason) = (record.manifestRevision, record.author, record.reason)
        (files, changes, problems) = (record.files, record.changes, record.problems)
        (order, ordered) = (record.order, record.ordered.map(CentreDocument.Order.init))
    }

    enum CodingKeys: String, CodingKey {
        case outcome, source, revision, digest, author, reason, files, changes, problems, order, ordered
        case manifestRevision = "manifest_revision"
    }
}
