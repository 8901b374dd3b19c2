/// One call of a step: to do its work, or to see whether it took effect.
public struct StepCall: Sendable, Equatable {
    public var release: String
    public var incident: String
    /// An answer to an older call is recognised by it.
    public var number: Int
    public var step: ProcedureStep
    public var attempt: Int
    public var baselineVersion: String
    public var canaryVersion: String
    /// Not whether it took effect is checked: the value that it changes is read.
    public var wantsValue = false
    /// Names the step in the key; nil for its own name.
    public var keyName: String?

    public init(
        release: String, incident: String, number: Int, step: ProcedureStep, attempt: Int, baselineVersion: String,
        canaryVersion: String
    ) {
        self.release = release
        self.incident = incident
        self.number = number
        self.step = step
        self.attempt = attempt
        self.baselineVersion = baselineVersion
        self.canaryVersion = canaryVersion
    }

    /// `begin`, `watch`, `promote` or `rollback`.
    public var road: ProcedureRoad { step.road }

    /// For `Idempotency-Key` and `ROLLGUARD_STEP_KEY`.
    ///
    /// Parts of a unit share their rollout's id, so that theirs have the part's name too.
    public var key: String { StepCall.key(release: release, incident: incident, step: keyName ?? step.name) }

    static func key(release: String, incident: String, step: String) -> String {
        let isOwn = incident.hasPrefix("\(release)-")
        return ProcedureRun.key(incident: incident, step: isOwn ? step : "\(release)/\(step)")
    }
}

/// What came of a call.
public enum StepAnswer: Sendable, Equatable {
    /// The work was done, by its own answer.
    case done(String)
    /// It failed, and did not take effect as far as it says.
    case failed(String)
    /// It cannot work as it is configured: another try is of no use.
    case refused(String)
    /// It may have taken effect: no answer, or one that was cut off.
    case unknown(String)
    /// There is a backup that could be restored.
    case verified(BackupFound)
    /// Of a check: it has taken effect.
    case proved(String)
    /// Of a check: it has not, so far.
    case notProved(String)
    /// Of a check: it cannot be said.
    case unreadable(String)
    /// Of a reading: the value that the step changes.
    case value(String)

    public var text: String {
        switch self {
        case .done(let text), .failed(let text), .refused(let text), .unknown(let text), .proved(let text),
            .notProved(let text), .unreadable(let text), .value(let text):
            text
        case .verified(let found): found.text
        }
    }

    /// With each of its texts changed in the same way.
    public func changed(_ change: (String) -> String) -> StepAnswer {
        switch self {
        case .done(let text): return .done(change(text))
        case .failed(let text): return .failed(change(text))
        case .refused(let text): return .refused(change(text))
        case .unknown(let text): return .unknown(change(text))
        case .proved(let text): return .proved(change(text))
        case .notProved(let text): return .notProved(change(text))
        case .unreadable(let text): return .unreadable(change(text))
        case .value(let text): return .value(change(text))
        case .verified(var found):
            found.name = change(found.name)
            found.verification = change(found.verification)
            found.restore = change(found.restore)
            return .verified(found)
        }
    }
}

/// What an operator may ask of a procedure.
public enum ProcedureOrder: Sendable, Equatable {
    /// An operator did the step, or knows that it took effect.
    case done(step: String)
    /// The same of a destructive step that no verified backup precedes.
    case doneWithoutBackup(step: String)
    case skip(step: String)
    /// A step that failed, or whose outcome is unknown, runs again.
    case retry(step: String)
    /// No further step runs, and none is watched any more.
    case abandon
    /// The steps of a plan that has ended, or is stopped, run again.
    ///
    /// - from: the first of them; nil for all.
    case run(from: String?)

    /// The step that it is about; nil for the whole plan.
    public var step: String? {
        switch self {
        case .done(let step), .doneWithoutBackup(let step), .skip(let step), .retry(let step): step
        case .run(let step): step
        case .abandon: nil
        }
    }
}
