import Model
package import Support

/// The silences in force, and what waits for an operator.
package struct SilencesDocument: Codable, Sendable, Equatable {
    package var silences: [SilenceDocument]
    /// Subjects of notifications that are not over; only where the configuration has routes.
    package var open: [OpenSubjectDocument]

    init(_ snapshot: Snapshot) {
        silences = snapshot.silences.map(SilenceDocument.init)
        open = snapshot.openSubjects.map(OpenSubjectDocument.init)
    }
}

package struct SilenceDocument: Codable, Sendable, Equatable {
    package var id: String
    /// What it hides: `release=checkout severity=warning`, or `everything`.
    package var match: String
    package var beganAt: WallTime
    package var endsAt: WallTime
    package var by: String
    package var reason: String
    /// Notifications that it has hidden since the daemon was started.
    package var hidden: Int

    init(_ silence: Silence) {
        (id, match) = (silence.id, silence.match.text)
        beganAt = WallTime(wallMs: silence.beganWallMs)
        endsAt = WallTime(wallMs: silence.endsWallMs)
        (by, reason, hidden) = (silence.by, silence.reason, silence.hidden)
    }

    enum CodingKeys: String, CodingKey {
        case id, match, by, reason, hidden
        case beganAt = "began_at"
        case endsAt = "ends_at"
    }
}

/// A subject that receivers were notified of and that is not over.
package struct OpenSubjectDocument: Codable, Sendable, Equatable {
    /// `incident:checkout-17`.
    package var subject: String
    package var release: String
    package var openedAt: WallTime
    /// The names of those that were notified.
    package var receivers: [String]
    /// Who is notified next; empty where nothing is escalated.
    package var next: [String]
    @ExplicitNull package var nextAt: WallTime?
    /// The operator who has acknowledged it.
    @ExplicitNull package var acknowledgedBy: String?

    init(_ open: OpenSubject) {
        (subject, release, receivers) = (open.subject, open.notification.release, open.receivers)
        openedAt = WallTime(wallMs: open.openedWallMs)
        next = open.steps.first?.step.receivers ?? []
        nextAt = open.steps.first.map { WallTime(wallMs: open.openedWallMs + $0.dueMs) }
        acknowledgedBy = open.acknowledgedBy
    }

    enum CodingKeys: String, CodingKey {
        case subject, release, receivers, next
        case openedAt = "opened_at"
        case nextAt = "next_at"
        case acknowledgedBy = "acknowledged_by"
    }
}
