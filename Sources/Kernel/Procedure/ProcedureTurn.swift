import Model

/// One step of the kernel in which a plan works: what it sees, and what it wants done.
struct ProcedureTurn {
    let plan: ReleasePlan
    /// The router was called for this incident, or shows that the canary has nothing.
    let isRouterCalled: Bool
    /// What the canary has now, basis points.
    let share: Int?
    private(set) var incident: Incident
    var context: StepContext

    init(plan: ReleasePlan, isRouterCalled: Bool, share: Int?, incident: Incident, context: StepContext) {
        self.plan = plan
        self.isRouterCalled = isRouterCalled
        self.share = share
        self.incident = incident
        self.context = context
    }

    var now: Moment { context.now }
    var run: ProcedureRun? { incident.procedure }

    /// Writes an entry, applies it, and notifies people of it.
    ///
    /// - Returns: the entry's sequence.
    @discardableResult
    mutating func write(_ event: ProcedureEvent) -> UInt64 {
        let entry = context.record(.procedure(event), release: plan.name, incident: incident.id)
        incident.apply(entry)
        context.log(event.announcement == nil ? .info : .warning, plan.name, event.text, incident: incident.id)
        guard let announcement = event.announcement else { return entry.sequence }
        context.notify(
            Notification(
                announcement, of: incident, plan: plan, share: share, sequence: entry.sequence,
                summary: "\(plan.name): \(event.summary(run, at: now))", at: now, isDryRun: context.isDryRun))
        return entry.sequence
    }

    /// Emits a call of a step.
    ///
    /// - Returns: the call's number.
    mutating func call(_ step: ProcedureRun.Step, _ effect: (StepCall) -> Effect) -> Int {
        let number = context.newCall()
        context.emit(
            effect(
                StepCall(
                    release: plan.name, incident: incident.id, number: number, step: step.plan, attempt: step.attempts,
                    baselineVersion: incident.intent.toVersion, canaryVersion: incident.intent.fromVersion)))
        return number
    }

    /// Why the step is left out; nil while its guard holds.
    func reasonToSkip(_ step: ProcedureStep) -> String? {
        let pair = StepGuard.Pair(baseline: incident.intent.toVersion, canary: incident.intent.fromVersion)
        return step.condition?.failure(pair, in: run)
    }

    /// When the step may begin; nil while that depends on something else than time.
    func dueUptimeMs(_ step: ProcedureStep) -> Int64? {
        switch step.at {
        case .split: return isRouterCalled ? now.uptimeMs : nil
        case .proof: return incident.isAcknowledged ? now.uptimeMs : nil
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
