package import Model
package import Support

/// The answer to an order. A refusal also reads as an ``ErrorDocument``, because every error under `/api` does.
package struct OrderDocument: Codable, Sendable, Equatable {
    /// `created`, `accepted`, `already`, or why the order is refused: `busy`, `frozen`, `outside`, `latched`,
    /// `down_beats_up`, `stale`, `not_running`, `older`, `lapsed`, `answered`, `not_yours`, `not_ready`,
    /// `key_reused`, `invalid`, `not_found`.
    package var code: String
    /// What happens next, or why nothing does.
    package var text: String
    package var release: String
    @ExplicitNull package var rollout: String?
    /// Where the version has to be deployed.
    @ExplicitNull package var place: String?
    /// Past it the reservation of the place is void.
    @ExplicitNull package var expiresAt: WallTime?
    /// The state after the order, for `If-Match`.
    @ExplicitNull package var tag: String?
    /// The text again; absent unless the order is refused.
    package var error: String?

    package init(_ answer: RolloutAnswer, release: String) {
        self.release = release
        text = answer.text
        rollout = answer.rollout
        place = answer.place
        expiresAt = answer.expiresWallMs.map { WallTime(wallMs: $0) }
        tag = answer.tag
        switch answer.outcome {
        case .created: code = "created"
        case .accepted: code = "accepted"
        case .already: code = "already"
        case .refused(let refusal): (code, error) = (refusal.rawValue, answer.text)
        }
    }

    enum CodingKeys: String, CodingKey {
        case code, text, release, rollout, place, tag, error
        case expiresAt = "expires_at"
    }
}

/// The answer to an order for all releases that have steps.
package struct OrdersDocument: Codable, Sendable, Equatable {
    /// `accepted`; a refusal of a single release is in its own answer.
    package var code = "accepted"
    package var text: String
    package var releases: [OrderDocument]
}
