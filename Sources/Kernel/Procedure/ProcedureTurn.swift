import Model

/// One step of the kernel in which a plan works: what it sees, and what it wants done.
struct ProcedureTurn {
    let plan: ReleasePlan
    /// The router was called for this incident, or shows that the canary has nothing.
    let isRouterCalled: Bool
    /// What the canary has now, basis points.
    let share: Int?
    private(set) var subject: ProcedureSubject
    var context: StepContext
    /// The call of a step that was under way when it began to be undone may still act.
    var isForwardCallOpen = false

    init(plan: ReleasePlan, isRouterCalled: Bool, share: Int?, subject: ProcedureSubject, context: StepContext) {
        self.plan = plan
        self.isRouterCalled = isRouterCalled
        self.share = share
        self.subject = subject
        self.context = context
    }

    var now: Moment { context.now }
    var id: String { subject.id }
    var run: ProcedureRun? { subject.run }

    /// Writes an entry, applies it, and notifies people of it.
    ///
    /// - Returns: the entry's sequence.
    @discardableResult
    mutating func write(_ event: ProcedureEvent) -> UInt64 {
        let entry = context.record(.procedure(event), release: plan.name, incident: id)
        subject.apply(entry)
        context.log(event.announcement == nil ? .info : .warning, plan.name, event.text, incident: id)
        guard let announcement = event.announcement else { return entry.sequence }
        subject.announce(announcement, entry, event.summary(run, at: now), plan: plan, share: share, &context)
        return entry.sequence
    }

    /// Emits a call of a step.
    ///
    /// - Returns: the call's number.
    mutating func call(_ step: ProcedureRun.Step, wantsValue: Bool = false, _ effect: (StepCall) -> Effect) -> Int {
        let (number, versions) = (context.newCall(), subject.versions(plan))
        var call = StepCall(
            release: plan.name, incident: id, number: number, step: step.plan, attempt: step.attempts,
            baselineVersion: versions.baseline, canaryVersion: versions.canary)
        call.wantsValue = wantsValue
        context.emit(effect(call))
        return number
    }

    /// Why the step is left out; nil while its guard holds.
    func reasonToSkip(_ step: ProcedureStep) -> String? {
        let versions = subject.versions(plan)
        let pair = StepGuard.Pair(baseline: versions.baseline, canary: versions.canary)
        return step.condition?.failure(pair, in: run, trigger: subject.incident?.intent.trigger)
    }

    /// When the step may begin; nil while that depends on something else than time.
    func dueUptimeMs(_ step: ProcedureStep) -> Int64? {
        guard let due = dueByRoad(step) else { return nil }
        // What it undoes may still be under way, and must not come after it.
        guard isForwardCallOpen, let notBefore = step.undoing?.notBeforeWallMs else { return due }
        return max(due, now.uptimeMs + notBefore - now.wallMs)
    }

    private func dueByRoad(_ step: ProcedureStep) -> Int64? {
        switch subject {
        case .incident(let incident): dueUptimeMs(step, incident)
        case .forward(_, let signs): signs.isDue(step) ? now.uptimeMs : nil
        }
    }

    private func dueUptimeMs(_ step: ProcedureStep, _ incident: Incident) -> Int64? {
        switch step.at {
        case .before: return nil
        case .split: return isRouterCalled ? now.uptimeMs : nil
        case .proof, .after: return incident.isAcknowledged ? now.uptimeMs : nil
        case .drained:
            guard incident.isAcknowledged, let closed = incident.closedWallMs else { return nil }
            return now.uptimeMs + max(0, closed + step.drainMs - now.wallMs)
        }
    }
}

extension ProcedureEvent {
    /// For the message that announces it.
    fileprivate func summary(_ run: ProcedureRun?, at now: Moment) -> String {
        guard let name = waitingStep, let run, let step = run.step(name),
            let instructions = run.instructions(for: step, atWallMs: now.wallMs)
        else { return text }
        return "\(text): \(instructions)"
    }

    private var waitingStep: String? {
        switch self {
        case .waiting(let name), .reminded(let name, _): name
        default: nil
        }
    }
}
