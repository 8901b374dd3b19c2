import Model

/// An alert, with the values that decided.
struct StoredAlert: StoredRecord {
    let rule: String
    let action: String
    let labels: [StoredTextPair]
    let annotations: [StoredTextPair]
    let activeSinceWallMs: Int64
    let evidence: StoredVerdict
    let epoch: String?

    init(_ alert: AlertRecord) {
        epoch = alert.epoch
        rule = alert.rule
        action = alert.action.rawValue
        labels = alert.labels.map(StoredTextPair.init)
        annotations = alert.annotations.map(StoredTextPair.init)
        activeSinceWallMs = alert.activeSinceWallMs
        evidence = StoredVerdict(alert.evidence)
    }

    func model() throws -> AlertRecord {
        var alert = AlertRecord(
            rule: rule, action: try storedCase(action), labels: try labels.map { try $0.model() },
            annotations: try annotations.map { try $0.model() }, activeSinceWallMs: activeSinceWallMs,
            evidence: try evidence.model())
        alert.epoch = epoch
        return alert
    }
}

/// A label or an annotation.
struct StoredTextPair: StoredRecord {
    let name: String
    let value: String

    init(_ pair: TextPair) { (name, value) = (pair.name, pair.value) }

    func model() throws -> TextPair { TextPair(name, value) }
}

/// Why a rollback that a rule asked for was not begun.
struct StoredHold: StoredRecord {
    let rule: String
    let reason: String
    let evidence: StoredVerdict

    init(_ hold: HoldRecord) {
        (rule, reason, evidence) = (hold.rule, hold.reason, StoredVerdict(hold.evidence))
    }

    func model() throws -> HoldRecord {
        HoldRecord(rule: rule, reason: reason, evidence: try evidence.model())
    }
}

/// How far the `for` of a pending alert, or the `keep_firing_for` of a firing one, had come.
struct StoredPendingAlert: StoredRecord {
    let rule: String
    let condition: String
    let windowMs: Int64
    let breachedMs: Int64
    let activeSinceWallMs: Int64
    let healthyMs: Int64?

    init(_ alert: PendingAlert) {
        (rule, condition, windowMs) = (alert.rule, alert.condition, alert.windowMs)
        (breachedMs, activeSinceWallMs, healthyMs) = (alert.breachedMs, alert.activeSinceWallMs, alert.healthyMs)
    }

    func model() throws -> PendingAlert {
        var alert = PendingAlert(
            rule: rule, condition: condition, windowMs: windowMs, breachedMs: breachedMs,
            activeSinceWallMs: activeSinceWallMs)
        alert.healthyMs = healthyMs
        return alert
    }
}
