import Model
public import Support

/// One entry of the journal. `event` determines which of the other fields are there; those that do not belong to it are
/// absent.
public struct EntryDocument: Codable, Sendable, Equatable {
    public var sequence: UInt64
    public var at: WallTime
    public var release: String
    public var incident: String?
    /// `began`, `ended`, `alert_firing`, `alert_resolved`, `held`, `intended`, `acted_before_durable`, `applied`, `observed`,
    /// `draining`, `proven_by_traffic`, `unproven`, `acknowledged`, `abandoned`, `fallback`, `drifted`, `strayed`,
    /// `drift_held`, `drift_overruled`, `rearmed`, `evidence`, `pending`, `router_unusable`, `router_usable` or
    /// `unreadable`: the entry is stored, and this version cannot read it.
    public var event: String
    /// The same in a sentence.
    public var text: String
    public var baselineVersion: String?
    public var canaryVersion: String?
    public var rule: String?
    public var by: String?
    public var reason: String?
    public var alert: AlertDocument?
    public var evidence: EvidenceDocument?
    public var intent: IntentDocument?
    public var receipts: [ReceiptDocument]?
    public var observations: [ObservationDocument]?
    public var canaryRatePerSecond: Double?
    /// What the canary keeps in this step.
    public var canaryBasisPoints: Int?

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
            .unproven(let why), .routerUnusable(let why):
            reason = why
        case .draining(let record): (canaryBasisPoints, reason) = (record.shareBasisPoints, record.remark)
        case .applied(let records): receipts = records.map(ReceiptDocument.init)
        case .observed(let records), .drifted(let records): observations = records.map(ObservationDocument.init)
        case .provenByTraffic(let rate), .strayed(let rate): canaryRatePerSecond = rate.isFinite ? rate : nil
        case .rearmed(let person, let why), .driftOverruled(let person, let why): (by, reason) = (person, why)
        case .unreadable(let kind, let why): reason = "\(kind): \(why)"
        case .ended, .acknowledged, .evidence, .pending, .routerUsable: break
        }
    }

    enum CodingKeys: String, CodingKey {
        case sequence, at, release, incident, event, text, rule, by, reason, alert, evidence, intent, receipts
        case observations
        case baselineVersion = "baseline_version"
        case canaryVersion = "canary_version"
        case canaryRatePerSecond = "canary_rate_per_second"
        case canaryBasisPoints = "canary_basis_points"
    }
}

/// What a rollback wanted.
public struct IntentDocument: Codable, Sendable, Equatable {
    public var fromVersion: String
    public var toVersion: String
    @ExplicitNull public var canaryBasisPointsBefore: Int?
    public var canaryBasisPointsWanted: Int
    public var dryRun: Bool

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
public struct ReceiptDocument: Codable, Sendable, Equatable {
    public var instance: String
    /// `accepted`, `conflict`, `rejected`, `unreachable` or `unknown`.
    public var outcome: String
    /// What the router said.
    public var detail: String

    init(_ receipt: RouterReceipt) {
        instance = Redaction.url(receipt.instance)
        outcome = receipt.outcome.rawValue
        detail = receipt.detail
    }
}
