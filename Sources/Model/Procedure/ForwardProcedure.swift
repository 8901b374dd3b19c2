/// The plan of a release on its ways forward, and back where it goes back without a rollback: a fold over its entries, whose
/// `incident` is the rollout's id. A release without a rollout has an id of the same form.
public struct ForwardProcedure: Sendable, Equatable {
    /// `checkout-r42`.
    public let id: String
    public let release: String
    public let versions: ForwardVersions
    /// The steps of `begin` and `promote`.
    public private(set) var steps: ProcedureRun
    /// What undoes them, where there is no rollback that does.
    public private(set) var undo: ProcedureRun?
    /// The incident that undoes them, or the id of this plan; nil while nothing does.
    public private(set) var undoneBy: String?

    /// Begins with the entry that freezes a plan for the ways forward; nil for any other entry.
    public init?(_ entry: JournalEntry) {
        guard case .procedure(.frozen(let plan)) = entry.event, let versions = plan.forward, let id = entry.incident
        else { return nil }
        (self.id, release, self.versions) = (id, entry.release, versions)
        steps = ProcedureRun(plan, atWallMs: entry.wallMs)
    }

    /// What is under way, or ended last.
    public var run: ProcedureRun { undo ?? steps }

    /// Where the plan is: `begin`, `promote`, or `rollback` while it is undone.
    public var road: ProcedureRoad {
        if undo != nil { return .rollback }
        return steps.next?.plan.road ?? steps.steps.last?.plan.road ?? .begin
    }

    /// Takes the next entry. One of another plan changes nothing.
    public mutating func apply(_ entry: JournalEntry) {
        guard entry.incident == id, case .procedure(let event) = entry.event else { return }
        switch event {
        case .frozen(let plan): if plan.forward == nil { undo = ProcedureRun(plan, atWallMs: entry.wallMs) }
        case .undoing(let by): undoneBy = by
        case .watchFailed, .watchRecovered: break
        default:
            if undo == nil {
                steps.apply(event, atWallMs: entry.wallMs)
            } else {
                undo?.apply(event, atWallMs: entry.wallMs)
            }
        }
    }

    /// The steps that undo what has acted, newest first.
    ///
    /// - Parameters:
    ///   - rollback: the steps of the rollback itself, which may write the same.
    ///   - underWay: steps whose calls may still act.
    public func undoSteps(beside rollback: [ProcedureStep], underWay: [String], atWallMs wallMs: Int64)
        -> [ProcedureStep]
    {
        steps.steps.reversed().filter(\.mayHaveActed).map { done in
            var step = done.plan
            (step.name, step.at, step.roads, step.everyMs, step.undo) = (
                "undo:\(done.plan.name)", .split, nil, nil, nil
            )
            // They run newest first, one after the other, and each of them.
            (step.runsTogether, step.condition) = (false, nil)
            var record = UndoRecord(of: done.plan.name)
            record.formerKey = StepCall.key(release: release, incident: id, step: done.plan.name)
            switch done.undoWork(beside: rollback) {
            case .success(let work): step.work = work
            case .failure(let reason): record.skip = reason.text
            }
            if underWay.contains(done.plan.name) { record.notBeforeWallMs = wallMs + done.plan.callLimitMs }
            step.undoing = record
            return step
        }
    }
}

/// Why a step is not undone.
struct UndoObstacle: Error {
    let text: String
}

extension ProcedureRun.Step {
    /// It has taken effect, or part of it may have.
    var mayHaveActed: Bool { attempts > 0 || state == .proved }

    /// What undoes it, or why nothing does.
    fileprivate func undoWork(beside rollback: [ProcedureStep]) -> Result<ProcedureWork, UndoObstacle> {
        func no(_ text: String) -> Result<ProcedureWork, UndoObstacle> { .failure(UndoObstacle(text: text)) }
        switch plan.work {
        case .person(let text):
            if plan.isDestructive == true { return no("it is destructive, so nothing undoes it by itself: \(text)") }
            return no("it was done by hand, and is undone by hand: \(text)")
        case .flag(var flag):
            guard let value = valueBefore else { return no("its value before is not known") }
            if value == flag.variant { return no("it had the value \(value) before") }
            if let own = rollback.first(where: { $0.work.flag?.setsTheSame(as: flag) == true }) {
                return no("\(own.name), a step of the rollback, sets the same flag")
            }
            flag.variant = value
            // Its counter is that of the variant that was left, which is the one to come.
            flag.metric = nil
            return .success(.flag(flag))
        default: return plan.undo.map { .success($0) } ?? no("it has no undo")
        }
    }
}
