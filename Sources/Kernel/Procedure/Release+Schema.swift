import Model
import Support

/// A release and the schema that both of its versions use.
extension Release {
    /// At the end of a cycle: reads again when it is time, and reports what has changed.
    mutating func watchSchema(_ context: inout StepContext) {
        guard let gate = plan.procedure?.schema else {
            if schema != SchemaWatch() { schema.forget() }
            noteSchemaBreach(nil, &context)
            return noteWayBack(nil, &context)
        }
        if let call = schema.due(gate, &context) {
            context.emit(.readSchema(release: name, call: call, gate: gate))
        }
        noteSchemaBreach(gate, &context)
        noteWayBack(gate, &context)
    }

    mutating func tookSchema(call: Int, _ report: SchemaReport, _ context: inout StepContext) {
        guard let gate = plan.procedure?.schema else { return }
        let before = schema.problem
        guard schema.take(call: call, report, gate, at: context.now.uptimeMs) else { return }
        if let problem = schema.problem, problem != before {
            context.log(.warning, name, "the schema cannot be read: \(problem)")
        }
        noteWayBack(gate, &context)
    }

    /// Whether the version fits the schema; nil without a gate.
    func schemaAnswer(version: String, at now: Moment) -> SchemaAnswer? {
        plan.procedure?.schema.map { schema.answer($0, version: version, at: now.uptimeMs) }
    }

    /// Why a rollback would not help: the baseline cannot work with the schema. An unknown schema is no reason.
    func closedWayBack(at now: Moment) -> String? {
        guard case .contracted(let reason)? = schemaAnswer(version: plan.baseline.version, at: now) else { return nil }
        return "the way back is closed: \(reason)"
    }

    /// Why a rule's rollback waits for an operator: what the schema is like is not known, and the plan says to wait then.
    func unknownSchema(at now: Moment) -> String? {
        guard plan.procedure?.schema?.unknown == .hold,
            case .unknown(let reason)? = schemaAnswer(version: plan.baseline.version, at: now)
        else { return nil }
        return "whether \(plan.baseline.version) fits the schema is not known: \(reason)"
    }

    /// The canary has traffic although what it needs is not applied yet; nil otherwise.
    func schemaBreach(at now: Moment) -> String? {
        guard phase == .watching, let share = poll.share, share > 0,
            case .absent(let reason)? = schemaAnswer(version: plan.canary.version, at: now)
        else { return nil }
        return "the canary has \(NumberText.plain(Double(share) / 100)) % of the traffic without its schema: \(reason)"
    }

    /// Reported once, or answered with a rollback where the plan wants that and it helps.
    private mutating func noteSchemaBreach(_ gate: SchemaGate?, _ context: inout StepContext) {
        guard let breach = schemaBreach(at: context.now) else {
            // A schema that cannot be read is not known to be there.
            let answer = schemaAnswer(version: plan.canary.version, at: context.now)
            if case .unknown? = answer, phase == .watching, poll.share != 0 { return }
            guard schema.isBreachReported else { return }
            schema.isBreachReported = false
            return notices.reportSchemaBreach(nil, &context)
        }
        if !schema.isBreachReported {
            schema.isBreachReported = true
            notices.reportSchemaBreach(breach, &context)
        }
        guard gate?.onBreach == .rollback, canRollBackForSchema(at: context.now, context) else { return }
        startRollback(.rollout(RolloutTrigger(.gate, by: "schema", reason: breach)), because: breach, &context)
    }

    /// As for a rule: of several replicas the leader, once in a dry run, and to a baseline that can take the traffic.
    private func canRollBackForSchema(at now: Moment, _ context: StepContext) -> Bool {
        guard context.mayLead(name), facts.baseline.healthyTargets > 0, closedWayBack(at: now) == nil,
            unknownSchema(at: now) == nil
        else { return false }
        let shown = rollback?.incident
        return !(context.isDryRun && shown?.intent.isDryRun == true && shown?.isRearmed == false)
    }

    /// Closed while a canary is watched, it is reported at once, because from then on nothing can be undone.
    private mutating func noteWayBack(_ gate: SchemaGate?, _ context: inout StepContext) {
        let closed = phase == .watching ? closedWayBack(at: context.now) : nil
        if let closed, !schema.isReported {
            schema.isReported = true
            return notices.reportWayBack(closed: closed, &context)
        }
        guard schema.isReported, closed == nil else { return }
        // A schema that cannot be read is not known to fit.
        if phase == .watching, let gate,
            case .unknown = schema.answer(
                gate, version: plan.baseline.version, at: context.now.uptimeMs)
        {
            return
        }
        schema.isReported = false
        notices.reportWayBack(closed: nil, &context)
    }

    /// For `status`; nil without a gate.
    func schemaText(at now: Moment) -> String? {
        guard let gate = plan.procedure?.schema else { return nil }
        guard case .read(let reading)? = schema.report(gate, at: now.uptimeMs) else {
            return schema.problem.map { "cannot be read: \($0)" } ?? "not read yet"
        }
        let answers = [plan.baseline.version, plan.canary.version].map { version in
            let answer = schema.answer(gate, version: version, at: now.uptimeMs)
            return "\(version) \(answer.name)"
        }
        return "\(reading.text): \(answers.joined(separator: ", "))"
    }

    /// What an operator should know of it, one sentence each.
    func schemaWarnings(at now: Moment) -> [String] {
        guard phase == .watching || rollouts.isLeading else { return [] }
        var texts = [closedWayBack(at: now)].compactMap { $0 }
        if let problem = schemaAnswer(version: plan.canary.version, at: now)?.problem { texts.append(problem) }
        return texts
    }
}
