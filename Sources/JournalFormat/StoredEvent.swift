import Model

/// A journal event as it is stored: one member named after the kind, which holds the kind's fields, and `v`.
///
///     {"acknowledged":{},"v":1}
///     {"began":{"baseline":"v1.4.2","canary":"v1.5.0"},"v":1}
///
/// The field of a kind that has one value only is named `_0`. This is the shape that version 1 had before it was written
/// down, and it is read for ever: an optional field may be added to a kind, nothing may be renamed or removed.
struct StoredEvent {
    let event: JournalEvent

    init(_ event: JournalEvent) { self.event = event }

    /// Names of kinds in the JSON; not those of the `kind` column, which are the API's.
    enum Kind: String, CodingKey, CaseIterable {
        case began, ended, alertFiring, alertResolved, held, intended, actedBeforeDurable, draining, applied, observed
        case provenByTraffic, unproven, acknowledged, abandoned, fallback, drifted, strayed, driftHeld, driftOverruled
        case rearmed, evidence, pending, routerUnusable, routerUsable, rollout, deployment, targetsChanged
        case operatorAcknowledged, escalated, silences, openSubjects
        case targetsUnusable, targetsUsable
        case configured, procedure, leaderChanged, wayBackClosed, wayBackOpened, group
        case schemaBreached, schemaBreachEnded
    }

    enum Field: String, CodingKey {
        case value = "_0"
        case baseline, canary, reason, by, canaryRate, id, event, undelivered
    }
}

extension StoredEvent: Decodable {
    init(from decoder: any Decoder) throws {
        let version = try decoder.container(keyedBy: RecordVersion.Key.self).decodeIfPresent(Int.self, forKey: .v)
        try RecordVersion.check(version)
        let record = try decoder.container(keyedBy: Kind.self)
        guard let kind = record.allKeys.first, record.allKeys.count == 1 else {
            throw UnknownStoredValue("not exactly one kind that is known")
        }
        event = try Self.event(kind, try record.nestedContainer(keyedBy: Field.self, forKey: kind))
    }

    private typealias Fields = KeyedDecodingContainer<Field>

    private static func event(_ kind: Kind, _ fields: Fields) throws -> JournalEvent {
        func text(_ field: Field) throws -> String { try fields.decode(String.self, forKey: field) }
        func rate() throws -> Double { try fields.decode(Double.self, forKey: .canaryRate) }
        func value<Stored: StoredRecord>(_: Stored.Type) throws -> Stored.Model {
            try fields.decode(Stored.self, forKey: .value).model()
        }
        func list<Stored: StoredRecord>(_: Stored.Type) throws -> [Stored.Model] {
            try fields.decode([Stored].self, forKey: .value).map { try $0.model() }
        }
        return switch kind {
        case .began: .began(baseline: try text(.baseline), canary: try text(.canary))
        case .ended: .ended(try value(StoredEnd.self))
        case .alertFiring: .alertFiring(try value(StoredAlert.self))
        case .alertResolved: .alertResolved(try value(StoredAlert.self))
        case .held: .held(try value(StoredHold.self))
        case .intended: .intended(try value(StoredIntent.self))
        case .actedBeforeDurable: .actedBeforeDurable(reason: try text(.reason))
        case .draining: .draining(try value(StoredDrain.self))
        case .applied: .applied(try list(StoredReceipt.self))
        case .observed: .observed(try list(StoredObservation.self))
        case .provenByTraffic: .provenByTraffic(canaryRate: try rate())
        case .unproven: .unproven(reason: try text(.reason))
        case .acknowledged: .acknowledged
        case .abandoned: .abandoned(reason: try text(.reason))
        case .fallback: .fallback(reason: try text(.reason))
        case .drifted: .drifted(try list(StoredObservation.self))
        case .strayed: .strayed(canaryRate: try rate())
        case .driftHeld: .driftHeld(reason: try text(.reason))
        case .driftOverruled: .driftOverruled(by: try text(.by), reason: try text(.reason))
        case .rearmed: .rearmed(by: try text(.by), reason: try text(.reason))
        case .evidence: .evidence(try fields.decode(EvidenceRecord.self, forKey: .value))
        case .pending: .pending(try list(StoredPendingAlert.self))
        case .routerUnusable: .routerUnusable(reason: try text(.reason))
        case .routerUsable: .routerUsable
        case .rollout: .rollout(id: try text(.id), try fields.decode(RolloutEvent.self, forKey: .event))
        case .deployment: .deployment(try fields.decode(DeploymentRecord.self, forKey: .value))
        case .targetsChanged: .targetsChanged(try value(StoredTargets.self))
        case .operatorAcknowledged: .operatorAcknowledged(by: try text(.by), reason: try text(.reason))
        case .escalated:
            .escalated(
                try fields.decode(EscalationStep.self, forKey: .value),
                try fields.decodeIfPresent(Undelivered.self, forKey: .undelivered))
        case .group: .group(try fields.decode(GroupEvent.self, forKey: .value))
        case .procedure: .procedure(try fields.decode(ProcedureEvent.self, forKey: .value))
        case .silences: .silences(try fields.decode([Silence].self, forKey: .value))
        case .openSubjects: .openSubjects(try list(StoredOpenSubject.self))
        case .targetsUnusable: .targetsUnusable(reason: try text(.reason))
        case .targetsUsable: .targetsUsable
        case .wayBackClosed: .wayBackClosed(reason: try text(.reason))
        case .wayBackOpened: .wayBackOpened
        case .schemaBreached: .schemaBreached(reason: try text(.reason))
        case .schemaBreachEnded: .schemaBreachEnded
        case .configured: .configured(try fields.decode(ConfigurationRecord.self, forKey: .value))
        case .leaderChanged: .leaderChanged(try fields.decode(LeaderRecord.self, forKey: .value))
        }
    }
}

extension StoredEvent: Encodable {
    func encode(to encoder: any Encoder) throws {
        var version = encoder.container(keyedBy: RecordVersion.Key.self)
        try version.encode(RecordVersion.current, forKey: .v)
        var record = encoder.container(keyedBy: Kind.self)
        func fields(_ kind: Kind) -> KeyedEncodingContainer<Field> {
            record.nestedContainer(keyedBy: Field.self, forKey: kind)
        }
        func write(_ kind: Kind, _ value: some Encodable, as field: Field = .value) throws {
            var fields = fields(kind)
            try fields.encode(value, forKey: field)
        }
        func write(_ kind: Kind, by: String, reason: String) throws {
            var fields = fields(kind)
            try fields.encode(by, forKey: .by)
            try fields.encode(reason, forKey: .reason)
        }
        switch event {
        case .began(let baseline, let canary):
            var fields = fields(.began)
            try fields.encode(baseline, forKey: .baseline)
            try fields.encode(canary, forKey: .canary)
        case .ended(let end): try write(.ended, StoredEnd(end))
        case .alertFiring(let alert): try write(.alertFiring, StoredAlert(alert))
        case .alertResolved(let alert): try write(.alertResolved, StoredAlert(alert))
        case .held(let hold): try write(.held, StoredHold(hold))
        case .intended(let intent): try write(.intended, StoredIntent(intent))
        case .actedBeforeDurable(let reason): try write(.actedBeforeDurable, reason, as: .reason)
        case .draining(let drain): try write(.draining, StoredDrain(drain))
        case .applied(let receipts): try write(.applied, receipts.map(StoredReceipt.init))
        case .observed(let seen): try write(.observed, seen.map(StoredObservation.init))
        case .provenByTraffic(let rate): try write(.provenByTraffic, rate, as: .canaryRate)
        case .unproven(let reason): try write(.unproven, reason, as: .reason)
        case .acknowledged: _ = fields(.acknowledged)
        case .abandoned(let reason): try write(.abandoned, reason, as: .reason)
        case .fallback(let reason): try write(.fallback, reason, as: .reason)
        case .drifted(let seen): try write(.drifted, seen.map(StoredObservation.init))
        case .strayed(let rate): try write(.strayed, rate, as: .canaryRate)
        case .driftHeld(let reason): try write(.driftHeld, reason, as: .reason)
        case .driftOverruled(let by, let reason): try write(.driftOverruled, by: by, reason: reason)
        case .rearmed(let by, let reason): try write(.rearmed, by: by, reason: reason)
        case .evidence(let evidence): try write(.evidence, evidence)
        case .pending(let alerts): try write(.pending, alerts.map(StoredPendingAlert.init))
        case .routerUnusable(let reason): try write(.routerUnusable, reason, as: .reason)
        case .routerUsable: _ = fields(.routerUsable)
        case .rollout(let id, let event):
            var fields = fields(.rollout)
            try fields.encode(id, forKey: .id)
            try fields.encode(event, forKey: .event)
        case .deployment(let record): try write(.deployment, record)
        case .targetsChanged(let record): try write(.targetsChanged, StoredTargets(record))
        case .operatorAcknowledged(let by, let reason): try write(.operatorAcknowledged, by: by, reason: reason)
        case .escalated(let step, let undelivered):
            var fields = fields(.escalated)
            try fields.encode(step, forKey: .value)
            try fields.encodeIfPresent(undelivered, forKey: .undelivered)
        case .silences(let list): try write(.silences, list)
        case .openSubjects(let list): try write(.openSubjects, list.map(StoredOpenSubject.init))
        case .targetsUnusable(let reason): try write(.targetsUnusable, reason, as: .reason)
        case .targetsUsable: _ = fields(.targetsUsable)
        case .wayBackClosed(let reason): try write(.wayBackClosed, reason, as: .reason)
        case .wayBackOpened: _ = fields(.wayBackOpened)
        case .schemaBreached(let reason): try write(.schemaBreached, reason, as: .reason)
        case .schemaBreachEnded: _ = fields(.schemaBreachEnded)
        case .configured(let record): try write(.configured, record)
        case .procedure(let event): try write(.procedure, event)
        case .group(let event): try write(.group, event)
        case .leaderChanged(let record): try write(.leaderChanged, record)
        case .unreadable:
            throw EncodingError.invalidValue(
                event, .init(codingPath: [], debugDescription: "an unreadable entry is never written"))
        }
    }
}
