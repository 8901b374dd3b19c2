package import Model
package import Ports
package import Support

/// Everything at a glance: the answer of `GET /api/v1/status`.
package struct StatusDocument: Codable, Sendable, Equatable {
    /// When the picture was taken.
    package var at: WallTime
    /// Rollguard's version.
    package var version: String
    /// True when the daemon decides and notifies but never calls a router.
    package var dryRun: Bool
    /// The base of the links in incidents and notifications; nil for no links.
    @ExplicitNull package var externalURL: String?
    /// Why the journal cannot be written now; nil while it can.
    @ExplicitNull package var journalProblem: String?
    package var releases: [ReleaseDocument]
    /// Releases that are led as one; each of their parts is one of `releases`.
    package var units: [UnitDocument]
    /// Newest first, at most 100, open ones always included.
    package var incidents: [IncidentSummary]
    /// Nil when the outbox could not be read.
    @ExplicitNull package var outbox: OutboxDocument?
    package var deadLetters: [DeadLetterDocument]
    /// The silences in force, and what waits for an operator; nil from a daemon that does not say.
    package var notifications: SilencesDocument?
    /// Absent without a configuration centre.
    package var centre: CentreDocument?
    /// Absent for one daemon alone.
    package var replicas: ReplicasDocument?
    /// Absent where each replica watches all releases.
    package var fleet: FleetSummary?

    /// - Parameter outbox: nil when it could not be read; everything else is shown all the same.
    package init(snapshot: Snapshot, outbox: OutboxReport?, version: String) {
        at = WallTime(wallMs: snapshot.atWallMs)
        self.version = version
        dryRun = snapshot.isDryRun
        externalURL = snapshot.externalURL
        journalProblem = snapshot.journalProblem
        releases = snapshot.releases.map(ReleaseDocument.init)
        units = snapshot.units.map(UnitDocument.init)
        incidents = snapshot.incidents.map { IncidentSummary($0, externalURL: snapshot.externalURL) }
        self.outbox = outbox.map(OutboxDocument.init)
        deadLetters = outbox?.deadLetters.map(DeadLetterDocument.init) ?? []
        notifications = SilencesDocument(snapshot)
        centre = snapshot.centre.map(CentreDocument.init)
        replicas = snapshot.replicas.map { ReplicasDocument($0) }
        fleet = snapshot.fleet.map(FleetSummary.init)
    }

    enum CodingKeys: String, CodingKey {
        case at, version, releases, units, incidents, outbox, centre, notifications, replicas, fleet
        case dryRun = "dry_run"
        case externalURL = "external_url"
        case journalProblem = "journal_problem"
        case deadLetters = "dead_letters"
    }
}

/// How many notifications are where.
package struct OutboxDocument: Codable, Sendable, Equatable {
    package var waiting: Int
    package var delivered: Int
    /// Given up.
    package var dead: Int
    /// Receivers that have waiting or dead notifications.
    package var receivers: [ReceiverQueueDocument]

    init(_ report: OutboxReport) {
        waiting = report.counts.waiting
        delivered = report.counts.delivered
        dead = report.counts.dead
        receivers = report.queues.map(ReceiverQueueDocument.init)
    }
}

/// A notification that was given up.
package struct DeadLetterDocument: Codable, Sendable, Equatable {
    /// The delivery id that receivers were shown.
    package var id: String
    package var receiver: String
    /// `rollback_intended`, `alert_firing`, …
    package var event: String
    package var attempts: Int
    package var reason: String
    package var at: WallTime

    init(_ letter: DeadLetter) {
        id = letter.delivery.id
        receiver = letter.delivery.receiver
        event = letter.delivery.notification.event.rawValue
        attempts = letter.delivery.attempt
        reason = letter.reason
        at = WallTime(wallMs: letter.atWallMs)
    }
}

/// The answer of `GET /api/v1/releases`.
struct ReleasesDocument: Codable, Sendable {
    var at: WallTime
    var releases: [ReleaseDocument]
}

/// The answer of `GET /api/v1/incidents`.
struct IncidentsDocument: Codable, Sendable {
    var at: WallTime
    var incidents: [IncidentSummary]
}
