import Model
import Ports
package import Support

/// What a link of a message is for: the answer of `POST /api/v1/links/read`.
package struct LinkDocument: Codable, Sendable, Equatable {
    /// `acknowledge`.
    package var action: String
    package var incident: String
    package var release: String
    /// Of the incident.
    package var state: String
    package var expiresAt: WallTime
    /// The time of the link is over.
    package var expired: Bool
    /// The operator who has acknowledged the incident already.
    @ExplicitNull package var acknowledgedBy: String?

    init(_ target: LinkTarget, _ incident: Incident, isExpired: Bool) {
        (action, self.incident, release) = (target.action.rawValue, incident.id, incident.release)
        state = incident.state.rawValue
        expiresAt = WallTime(wallMs: target.expiresSeconds * 1_000)
        expired = isExpired
        acknowledgedBy = incident.acknowledgedBy
    }

    enum CodingKeys: String, CodingKey {
        case action, incident, release, state, expired
        case expiresAt = "expires_at"
        case acknowledgedBy = "acknowledged_by"
    }
}
