import Model
package import Support

/// One entry of the journal. `event` determines which of the other fields are there; those that do not belong to it are
/// absent.
package struct EntryDocument: Codable, Sendable, Equatable {
    package var sequence: UInt64
    package var at: WallTime
    package var release: String
    package var incident: String?
    package var rollout: String?
    /// `began`, `ended`, `alert_firing`, `alert_resolved`, `held`, `intended`, `acted_before_durable`, `applied`, `observed`,
    /// `draining`, `proven_by_traffic`, `unproven`, `acknowledged`, `abandoned`, `fallback`, `drifted`, `strayed`,
    /// `drift_held`, `drift_overruled`, `rearmed`, `evidence`, `pending`, `router_unusable`, `router_usable`, `deployment`,
    /// `pool_targets_changed`, `targets_unusable`, `targets_usable`, `operator_acknowledged`, `escalated`, `silences`,
    /// `open_subjects`, `configured` (of the configuration centre) and `leader_changed` (of the replicas), whose `release` is empty, an event of a rollout
    /// (`rollout_prepared`, `step_intended`, …), or `unreadable`: the entry is stored, and this version cannot read it.
    package var event: String
    /// The same in a sentence.
    package var text: String
    package var baselineVersion: String?
    package var canaryVersion: String?
    package var rule: String?
    package var by: String?
    package var reason: String?
    package var alert: AlertDocument?
    package var evidence: EvidenceDocument?
    package var intent: IntentDocument?
    package var receipts: [ReceiptDocument]?
    package var observations: [ObservationDocument]?
    package var canaryRatePerSecond: Double?
    /// What the canary keeps in this step.
    package var canaryBasisPoints: Int?
    /// Of `configured`.
    package var configuration: ConfigurationDocument?

    init(_ entry: JournalEntry) {
        sequence = entry.sequence
        at = WallTime(wallMs: entry.wallMs)
        release = entry.release
        incident = entry.incident
        event = entry.event.name
        text = entry.event.text
        fill(entry.event)
    }

    private mutating func fill(_ event: JournalEvent) {
        switch event {
        case .began(let baseline, let canary): (baselineVersion, canaryVersion) = (baseline, canary)
        case .alertFiring(let record), .alertResolved(let record):
            (rule, alert) = (record.rule, AlertDocument(record))
        case .held(let record):
            (rule, reason, evidence) = (record.rule, record.reason, EvidenceDocument(record.evidence))
        case .intended(let record):
            (rule, intent) = (record.trigger.alert?.rule, IntentDocument(record))
            (by, reason) = (record.trigger.command?.by, record.trigger.command?.reason)
            alert = record.trigger.alert.map(AlertDocument.init)
        case .actedBeforeDurable(let why), .abandoned(let why), .fallback(let why), .driftHeld(let why),
            .unproven(let why), .routerUnusable(let why), .targetsUnusable(let why), .wayBackClosed(let why),
            .schemaBreached(let why):
            reason = why
        case .draining(let record): (canaryBasisPoints, reason) = (record.shareBasisPoints, record.remark)
        case .applied(let records): receipts = records.map(ReceiptDocument.init)
        case .observed(let records), .drifted(let records): observations = records.map(ObservationDocument.init)
        case .provenByTraffic(let rate), .strayed(let rate): canaryRatePerSecond = rate.isFinite ? rate : nil
        case .rearmed(let person, let why), .driftOverruled(let person, let why),
            .operatorAcknowledged(let person, let why):
            (by, reason) = (person, why)
        case .unreadable(let kind, let why): reason = "\(kind): \(why)"
        case .rollout(let id, _): rollout = id
        case .ended, .acknowledged, .evidence, .pending, .routerUsable, .deployment, .targetsChanged, .targetsUsable,
            .escalated, .silences, .openSubjects, .procedure, .group, .leaderChanged, .wayBackOpened,
            .schemaBreachEnded:
            break
        case .configured(let record):
            (by, reason) = (record.ordered?.by ?? record.author, record.ordered?.reason ?? record.reason)
            configuration = ConfigurationDocument(record)
        }
    }

    enum CodingKeys: String, CodingKey {
        case sequence, at, release, incident, rollout, event, text, rule, by, reason, alert, evidence, intent, receipts
        case observations, configuration
        case baselineVersion = "baseline_version"
        case canaryVersion = "canary_version"
        case canaryRatePerSecond = "canary_rate_per_second"
        case canaryBasisPoints = "canary_basis_points"
    }
}

/// What a rollback wanted.
package struct IntentDocument: Codable, Sendable, Equatable {
    package var fromVersion: String
    package var toVersion: String
    @ExplicitNull package var canaryBasisPointsBefore: Int?
    package var canaryBasisPointsWanted: Int
    package var dryRun: Bool

    init(_ intent: IntentRecord) {
        fromVersion = intent.fromVersion
        toVersion = intent.toVersion
        canaryBasisPointsBefore = intent.splitBefore?.canaryBasisPoints
        canaryBasisPointsWanted = intent.splitWanted.canaryBasisPoints
        dryRun = intent.isDryRun
    }

    enum CodingKeys: String, CodingKey {
        case fromVersion = "from_version"
        case toVersion = "to_version"
        case canaryBasisPointsBefore = "canary_basis_points_before"
        case canaryBasisPointsWanted = "canary_basis_points_wanted"
        case dryRun = "dry_run"
    }
}

/// A router instance's answer to a call.
package struct ReceiptDocument: Codable, Sendable, Equatable {
    package var instance: String
    /// `accepted`, `conflict`, `rejected`, `unreachable` or `unknown`.
    package var outcome: String
    /// What the router said.
    package var detail: String

    init(_ receipt: RouterReceipt) {
        instance = Redaction.url(receipt.instance)
        outcome = receipt.outcome.rawValue
        detail = receipt.detail
    }
}
