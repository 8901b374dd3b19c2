import Model

/// What a rollback wants and why.
struct StoredIntent: StoredRecord {
    let trigger: Trigger
    let fromVersion: String
    let toVersion: String
    let splitBefore: StoredSplit?
    let splitWanted: StoredSplit
    let isDryRun: Bool

    init(_ intent: IntentRecord) {
        trigger = Trigger(intent.trigger)
        (fromVersion, toVersion) = (intent.fromVersion, intent.toVersion)
        splitBefore = intent.splitBefore.map(StoredSplit.init)
        splitWanted = StoredSplit(intent.splitWanted)
        isDryRun = intent.isDryRun
    }

    func model() throws -> IntentRecord {
        IntentRecord(
            trigger: try trigger.model(), fromVersion: fromVersion, toVersion: toVersion,
            splitBefore: try splitBefore?.model(), splitWanted: try splitWanted.model(), isDryRun: isDryRun)
    }

    /// `{"rule":{"_0":{…}}}`, `{"operatorCommand":{"by":"…","reason":"…"}}`,
    /// `{"rollout":{"by":"…","kind":"abort","reason":"…"}}`.
    struct Trigger: StoredRecord {
        struct Rule: Codable {
            let alert: StoredAlert

            enum CodingKeys: String, CodingKey { case alert = "_0" }
        }

        struct Command: Codable {
            let by: String
            let reason: String
        }

        let rule: Rule?
        let operatorCommand: Command?
        let rollout: RolloutTrigger?

        init(_ trigger: IntentRecord.Trigger) {
            switch trigger {
            case .rule(let alert): (rule, operatorCommand, rollout) = (Rule(alert: StoredAlert(alert)), nil, nil)
            case .operatorCommand(let by, let reason):
                (rule, operatorCommand, rollout) = (nil, Command(by: by, reason: reason), nil)
            case .rollout(let order): (rule, operatorCommand, rollout) = (nil, nil, order)
            }
        }

        func model() throws -> IntentRecord.Trigger {
            if let rule { return .rule(try rule.alert.model()) }
            if let rollout { return .rollout(rollout) }
            guard let operatorCommand else { throw UnknownStoredValue("a trigger that is neither rule nor operator") }
            return .operatorCommand(by: operatorCommand.by, reason: operatorCommand.reason)
        }
    }
}

/// A share of the traffic, basis points.
struct StoredSplit: StoredRecord {
    let canaryBasisPoints: Int

    init(_ split: Split) { canaryBasisPoints = split.canaryBasisPoints }

    func model() throws -> Split {
        guard (0...10_000).contains(canaryBasisPoints) else {
            throw UnknownStoredValue("a canary share of \(canaryBasisPoints) basis points")
        }
        return Split(canaryBasisPoints: canaryBasisPoints)
    }
}

/// One step of a rollback in steps.
struct StoredDrain: StoredRecord {
    struct Before: StoredRecord {
        let indicator: String
        let windowMs: Int64?
        let value: Double

        init(_ before: DrainRecord.Before) {
            (indicator, windowMs, value) = (before.indicator, before.windowMs, before.value)
        }

        func model() throws -> DrainRecord.Before {
            DrainRecord.Before(indicator: indicator, windowMs: windowMs, value: value)
        }
    }

    let sharesBasisPoints: [Int]
    let step: Int
    let healthyTargetsBefore: Int
    let baselineBefore: [Before]
    let isHeld: Bool
    let remark: String?

    init(_ drain: DrainRecord) {
        (sharesBasisPoints, step) = (drain.sharesBasisPoints, drain.step)
        healthyTargetsBefore = drain.healthyTargetsBefore
        baselineBefore = drain.baselineBefore.map(Before.init)
        (isHeld, remark) = (drain.isHeld, drain.remark)
    }

    func model() throws -> DrainRecord {
        guard step >= 0, sharesBasisPoints.allSatisfy((0...10_000).contains) else {
            throw UnknownStoredValue("step \(step) of the shares \(sharesBasisPoints)")
        }
        var drain = DrainRecord(
            sharesBasisPoints: sharesBasisPoints, step: step, healthyTargetsBefore: healthyTargetsBefore,
            baselineBefore: try baselineBefore.map { try $0.model() }, remark: remark)
        drain.isHeld = isHeld
        return drain
    }
}

/// How a release ended.
struct StoredEnd: StoredRecord {
    let name: String

    init(_ end: ReleaseEnd) { name = end.rawValue }

    init(from decoder: any Decoder) throws { name = try decoder.singleValueContainer().decode(String.self) }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(name)
    }

    func model() throws -> ReleaseEnd { try storedCase(name) }
}
