/// Which way of a release a step belongs to; the raw value is the one in the configuration.
public enum ProcedureRoad: String, Sendable, Equatable, Codable, CaseIterable {
    /// Towards the first share of a canary.
    case begin
    /// While a canary is watched: the step repeats.
    case watch
    /// To everything.
    case promote
    /// Back to the baseline.
    case rollback

    /// The canary gets more on it.
    public var isForward: Bool { self == .begin || self == .promote }
}

/// The versions of a plan that goes forward, as they were when it was frozen: a promotion turns the roles.
public struct ForwardVersions: Sendable, Equatable, Codable {
    public var baseline: String
    public var canary: String

    public init(baseline: String, canary: String) {
        self.baseline = baseline
        self.canary = canary
    }
}

/// A step on the way back that undoes one of the ways forward.
public struct UndoRecord: Sendable, Equatable, Codable {
    /// The step that it undoes.
    public var of: String
    /// Why it is not carried out; nil when it is.
    public var skip: String?
    /// The call of the step that it undoes may last until then; nil when none was under way.
    public var notBeforeWallMs: Int64?
    /// The key of the step that it undoes: a program of it may have outlived the daemon that started it.
    public var formerKey: String?

    public init(of: String, skip: String? = nil, notBeforeWallMs: Int64? = nil) {
        self.of = of
        self.skip = skip
        self.notBeforeWallMs = notBeforeWallMs
    }
}

extension ProcedureStep {
    /// The roads that it is on; one at least.
    public var when: [ProcedureRoad] {
        get { roads ?? [.rollback] }
        set { roads = newValue == [.rollback] ? nil : newValue }
    }

    /// The road of a frozen step, which is on one.
    public var road: ProcedureRoad { when.first ?? .rollback }

    /// The value that it changes is read before, so that it can be set again.
    public var keepsValue: Bool {
        if case .flag = work { road.isForward } else { false }
    }

    /// How often a step of the road `watch` is repeated.
    public var intervalMs: Int64 { everyMs ?? ProcedureStep.repeatEveryMs }

    public static let repeatEveryMs: Int64 = 30_000
}

extension ProcedurePlan {
    /// The steps of one road, in the order in which they run.
    public func steps(on road: ProcedureRoad) -> [ProcedureStep] {
        ProcedureStep.Point.allCases.flatMap { point in
            steps.filter { $0.at == point && $0.when.contains(road) }.map { step in
                var step = step
                step.when = [road]
                return step
            }
        }
    }

    /// What a release freezes when it begins: the steps of both ways forward, in their order; nil without any.
    ///
    /// A step that is on both is there twice, and the one of the promotion has another name, so that its key is another one.
    ///
    /// - Parameter isOneStep: the first share is everything, so what comes before the last one comes before the first.
    public func forward(from baseline: String, to canary: String, isOneStep: Bool) -> ProcedurePlan? {
        let begin = steps(on: .begin)
        let promote = steps(on: .promote).map { step in
            var step = step
            if begin.contains(where: { $0.name == step.name }) { step.name = "promote:\(step.name)" }
            return step
        }
        var all = begin + promote
        if isOneStep {
            all = ProcedureStep.Point.allCases.flatMap { point in all.filter { $0.at == point } }
        }
        guard !all.isEmpty else { return nil }
        // A flag that an operator sets while the canary is watched is not set again: only a rollback is sure of its value.
        for index in all.indices { all[index].watchEveryMs = 0 }
        var plan = ProcedurePlan(deadlineMs: deadlineMs, steps: all)
        plan.forward = ForwardVersions(baseline: baseline, canary: canary)
        return plan
    }
}

extension FlagWork {
    /// Whether both write the same flag of the same provider.
    public func setsTheSame(as other: FlagWork) -> Bool {
        provider == other.provider && flag == other.flag && file == other.file && url == other.url
            && project == other.project && environment == other.environment
    }
}
