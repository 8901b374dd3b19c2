import Model

/// Whom a step's gates have to be asked of, and when: people for an approval, a program for a webhook gate.
struct GateKeeper: Sendable, Equatable {
    private enum Action: Equatable {
        case ask(gate: String, forMs: Int64)
        /// Its time is over; nil asks once more.
        case lapse(Rollout.OpenGate, then: GateFailure?)
        case call(GateQuestion)
    }

    private var call: GateCall?

    /// The step is over, or a new round begins.
    mutating func forget() { call = nil }

    /// Asks, calls and gives up, as far as that is due.
    mutating func work(
        _ judge: StepGates, _ gates: [GateResult], _ record: inout RolloutRecord, _ step: inout RolloutStep
    ) {
        for action in actions(record.rollout, judge: judge, gates: gates, at: step.now) {
            switch action {
            case .ask(let gate, let forMs): ask(gate, forMs: forMs, &record, &step)
            case .lapse(let open, let then): lapse(open, then: then, &record, &step)
            case .call(let question): step.context.emit(.askGate(question))
            }
        }
    }

    /// A gate that lapsed or said no is asked once more, in a round of its own.
    mutating func askAgain(_ record: inout RolloutRecord, _ step: inout RolloutStep) {
        for gate in record.rollout.gates where gate.hasLapsed || gate.replies.contains(where: { $0.answer == .hold }) {
            ask(gate.gate, forMs: gate.roundMs, &record, &step)
            forget()
        }
    }

    private func ask(_ gate: String, forMs: Int64, _ record: inout RolloutRecord, _ step: inout RolloutStep) {
        let rollout = record.rollout
        let id = "\(rollout.id)-\(rollout.step)-\(gate)-\(rollout.gateRounds + 1)"
        record.write(
            .gateAsked(step: rollout.step, gate: gate, id: id, untilWallMs: step.now.wallMs + forMs), &step)
    }

    private mutating func lapse(
        _ open: Rollout.OpenGate, then: GateFailure?, _ record: inout RolloutRecord, _ step: inout RolloutStep
    ) {
        record.write(.gateLapsed(step: open.step, gate: open.gate, id: open.id), &step)
        forget()
        let text = "\(open.gate) was not answered in time"
        switch then {
        case nil: ask(open.gate, forMs: open.roundMs, &record, &step)
        case .proceed: break
        case .hold: record.write(.halted(.gate, text: text), &step)
        case .rollback: step.want(.rollback(RolloutTrigger(.gate, by: open.gate, reason: text)))
        }
    }

    /// What came of asking a webhook gate.
    mutating func tried(
        _ id: String, _ result: GateTry, _ record: inout RolloutRecord, _ step: inout RolloutStep
    ) {
        let rollout = record.rollout
        guard let open = rollout.gates.first(where: { $0.id == id }), rollout.state == .standing,
            let plan = rollout.plan?.webhook, plan.name == open.gate
        else { return }
        if let problem = take(result, plan: plan, at: step.now.uptimeMs) {
            step.log(.warning, "\(id): no answer: \(problem)")
        }
        if case .answered(let reply) = result { take(reply, for: open, &record, &step) }
    }

    /// A gate's answer, by whoever was asked.
    func take(
        _ reply: GateReply, for open: Rollout.OpenGate, _ record: inout RolloutRecord, _ step: inout RolloutStep
    ) {
        record.write(.gateAnswered(step: open.step, gate: open.gate, id: open.id, reply), &step)
        switch reply.answer {
        case .proceed, .later: break
        case .hold: record.write(.halted(.gate, text: "\(open.gate) says hold, by \(reply.by): \(reply.reason)"), &step)
        case .rollback:
            step.want(.rollback(RolloutTrigger(.gate, by: reply.by, reason: "\(open.gate): \(reply.reason)")))
        }
    }

    /// What is due for the gates of the present step.
    private mutating func actions(
        _ rollout: Rollout, judge: StepGates, gates: [GateResult], at now: Moment
    ) -> [Action] {
        guard let plan = rollout.plan else { return [] }
        return [
            plan.webhook.flatMap { webhook($0, rollout, judge, gates, now) },
            plan.approval.flatMap { approval($0, rollout, judge, gates, now) },
        ].compactMap(\.self)
    }

    private func approval(
        _ plan: ApprovalPlan, _ rollout: Rollout, _ judge: StepGates, _ gates: [GateResult], _ now: Moment
    ) -> Action? {
        guard let open = rollout.gate("approval") else {
            // Enough have approved already.
            let early = rollout.earlyReplies(to: "approval").valid(atWallMs: now.wallMs)
            guard early.count < plan.count else { return nil }
            return judge.isReadyToAsk(gates, for: "approval") ? .ask(gate: "approval", forMs: plan.askForMs) : nil
        }
        let valid = open.validReplies(atWallMs: now.wallMs)
        guard !open.hasLapsed, valid.count < plan.count else { return nil }
        let wereAllYes = !open.replies.isEmpty && open.replies.allSatisfy { $0.answer == .proceed }
        // Who said yes too early is asked once more.
        if wereAllYes, valid.isEmpty { return .lapse(open, then: nil) }
        return open.isOver(atWallMs: now.wallMs) ? .lapse(open, then: plan.onLapse) : nil
    }

    private mutating func webhook(
        _ plan: WebhookGatePlan, _ rollout: Rollout, _ judge: StepGates, _ gates: [GateResult], _ now: Moment
    ) -> Action? {
        guard let open = rollout.gate(plan.name) else {
            guard judge.isReadyToAsk(gates, for: plan.name) else { return nil }
            call = GateCall(at: now.uptimeMs)
            return .ask(gate: plan.name, forMs: plan.withinMs)
        }
        guard !open.hasLapsed, open.validReplies(atWallMs: now.wallMs).isEmpty else { return nil }
        if open.isOver(atWallMs: now.wallMs) { return .lapse(open, then: plan.onFailure) }
        var next = call ?? GateCall(at: now.uptimeMs)
        defer { call = next }
        guard next.isDue(at: now.uptimeMs), !rollout.isHalted(.gate) else { return nil }
        // The address is the configuration's: the journal has none that may hold a secret.
        let configured = judge.settings.steps.compactMap(\.webhook).first { $0.name == plan.name }
        guard let configured else { return nil }
        next.send(at: now.uptimeMs, timeoutMs: configured.timeoutMs)
        return .call(question(configured, open, rollout, judge, gates))
    }

    private func question(
        _ plan: WebhookGatePlan, _ open: Rollout.OpenGate, _ rollout: Rollout, _ judge: StepGates, _ gates: [GateResult]
    ) -> GateQuestion {
        GateQuestion(
            id: open.id, release: rollout.release, rollout: rollout.id, gate: plan, step: rollout.step,
            steps: rollout.steps.count, shareBasisPoints: rollout.basisPoints(ofStep: rollout.step),
            nextBasisPoints: rollout.basisPoints(ofStep: rollout.step + 1),
            baseline: judge.deployment.baseline.running, canary: rollout.version, evidence: gates,
            askedWallMs: open.askedWallMs, answerByWallMs: open.untilWallMs, attempt: rollout.preparation.attempt)
    }

    /// - Returns: why there is no answer, where that is news.
    private mutating func take(_ result: GateTry, plan: WebhookGatePlan, at now: Int64) -> String? {
        let before = call?.problem
        call?.take(result, plan: plan, at: now)
        switch result {
        case .answered: return nil
        case .later(_, let reason), .noAnswer(let reason): return before == reason ? nil : reason
        }
    }
}

extension Rollout.OpenGate {
    /// Each a yes that still holds.
    func validReplies(atWallMs now: Int64) -> [GateReply] { replies.valid(atWallMs: now) }

    /// Its time is over; one that comes from the future was asked by a clock that was wrong.
    func isOver(atWallMs now: Int64) -> Bool { now >= untilWallMs || askedWallMs > now }

    var roundMs: Int64 { max(60_000, untilWallMs - askedWallMs) }
}

extension [GateReply] {
    /// Each a yes that still holds; of each caller one, however often they said it.
    func valid(atWallMs now: Int64) -> [GateReply] {
        var callers: Set<String> = []
        return filter {
            $0.answer == .proceed && ($0.validUntilWallMs ?? .max) > now && callers.insert($0.by).inserted
        }
    }

    /// `ann, bob`.
    var callers: String { map(\.by).joined(separator: ", ") }
}

/// The tries to ask a webhook gate. One gate is asked at a time, with one id over all tries and restarts.
struct GateCall: Sendable, Equatable {
    private(set) var isOnItsWay = false
    private(set) var nextUptimeMs: Int64
    private var pauseMs: Int64 = 500
    /// Why the last try gave no answer; nil before it.
    private(set) var problem: String?

    init(at now: Int64) { nextUptimeMs = now }

    mutating func send(at now: Int64, timeoutMs: Int64) {
        isOnItsWay = true
        // An answer that is lost is not waited for.
        nextUptimeMs = now + timeoutMs + 5_000
    }

    func isDue(at now: Int64) -> Bool { now >= nextUptimeMs }

    mutating func take(_ result: GateTry, plan: WebhookGatePlan, at now: Int64) {
        guard isOnItsWay else { return }
        isOnItsWay = false
        switch result {
        case .answered: problem = nil
        case .later(let afterMs, let reason):
            (problem, pauseMs) = (reason, 500)
            nextUptimeMs = now + max(1_000, min(afterMs, plan.withinMs))
        case .noAnswer(let reason):
            problem = reason
            nextUptimeMs = now + pauseMs
            pauseMs = min(plan.everyMs, pauseMs * 2)
        }
    }
}
