import Model
import Support

/// The gates of a step, as they are judged at the end of a cycle. All have to be open in the same one.
struct StepGates {
    let facts: RolloutFacts
    let rollout: Rollout
    let settings: RolloutPlan
    let deployment: DeploymentRecord
    /// How long the step has lasted, milliseconds.
    let standingMs: Int64
    /// Of the canary, since the step settled.
    let requests: Double
    /// Of a unit: the other parts have no closed gate.
    let areOthersReady: Bool
    let now: Moment
    /// Windows and freezes count as closed: the wall clock was set.
    let isClockDoubtful: Bool
    /// The route for test users; nil for a step without it.
    var forced: GateResult?

    /// In the order in which they are shown; only those that the step has.
    func judged() -> [GateResult] {
        guard let step = rollout.plan else { return [] }
        var gates = [lasting("settle", step.settleMs), lasting("min", step.minMs)].compactMap(\.self)
        if let wanted = step.requests {
            let text = "\(NumberText.grouped(requests)) of \(NumberText.grouped(wanted)) requests"
            gates.append(GateResult(gate: "requests", isOpen: requests >= wanted, text: text))
        }
        if !step.rules.isEmpty { gates.append(rules(step)) }
        if step.evidence != nil { gates.append(evidence()) }
        if let forced { gates.append(forced) }
        if let capacity = capacity() { gates.append(capacity) }
        if let webhook = step.webhook { gates.append(asked(webhook.name, needed: 1)) }
        if let approval = step.approval { gates.append(asked("approval", needed: approval.count)) }
        return gates + doors()
    }

    /// Those that an operator or another program is asked for, when all the others are open.
    func isReadyToAsk(_ gates: [GateResult], for gate: String) -> Bool {
        let own = [rollout.plan?.webhook?.name, rollout.plan?.approval.map { _ in "approval" }].compactMap(\.self)
        let later = gate == "approval" ? ["approval"] : own
        return areOthersReady
            && gates.allSatisfy { $0.isOpen || later.contains($0.gate) || $0.gate == "calendar" || $0.gate == "frozen" }
    }

    private func lasting(_ name: String, _ wantedMs: Int64) -> GateResult? {
        guard wantedMs > 0 else { return nil }
        let left = Double(max(0, wantedMs - standingMs)) / 1_000
        let isOpen = standingMs >= wantedMs
        let whole = NumberText.wait(seconds: Double(wantedMs) / 1_000)
        return GateResult(
            gate: name, isOpen: isOpen, text: isOpen ? whole : "\(NumberText.wait(seconds: left)) of \(whole) left")
    }

    /// A verdict counts when its whole window lies in the step.
    private func rules(_ step: StepPlan) -> GateResult {
        let closed = step.rules.compactMap { name -> String? in
            guard let windowMs = facts.window(ofRule: name) else { return "\(name) is not a rule any more" }
            if standingMs < windowMs { return "\(name): its window is not over yet" }
            switch facts.verdict(ofRule: name) {
            case .healthy: return nil
            case .breached: return "\(name) breaches"
            case .inconclusive(let reason): return "\(name): \(reason)"
            case nil: return "\(name) was not evaluated yet"
            }
        }
        let text = closed.isEmpty ? "\(step.rules.joined(separator: ", ")) healthy" : closed.joined(separator: "; ")
        return GateResult(gate: "rules", isOpen: closed.isEmpty, text: text)
    }

    private func evidence() -> GateResult {
        guard let evidence = facts.evidence else {
            return GateResult(gate: "evidence", isOpen: false, text: "nothing was compared in this step yet")
        }
        // A baseline in trouble makes every canary appear good.
        let isShut = facts.heldReason != nil || rollout.isHalted(.baselineSick)
        return GateResult(
            gate: "evidence", isOpen: evidence.isSafe && !isShut,
            text: isShut ? "shut while the baseline is in trouble" : evidence.text)
    }

    /// The next share has to fit on the canary's targets.
    private func capacity() -> GateResult? {
        let next = rollout.basisPoints(ofStep: rollout.step + 1)
        guard settings.checksCapacity, next > 0, facts.plan.baseline.targets.count > 0 else { return nil }
        let limit = 1.5 * Double(facts.canary.healthyTargets) / Double(facts.plan.baseline.targets.count)
        let text =
            "\(facts.canary.healthyTargets) targets for \(NumberText.percent(Double(next) / 10_000)), the baseline has"
            + " \(facts.plan.baseline.targets.count)"
        return GateResult(gate: "capacity", isOpen: Double(next) / 10_000 <= limit, text: text)
    }

    private func asked(_ name: String, needed: Int) -> GateResult {
        guard let gate = rollout.gate(name) else {
            let early = rollout.earlyReplies(to: name).valid(atWallMs: now.wallMs)
            let text = early.isEmpty ? "not asked for yet" : "\(early.count) of \(needed): \(early.callers)"
            return GateResult(gate: name, isOpen: early.count >= needed, text: text)
        }
        if gate.hasLapsed {
            let isOpen = failure(of: name) == .proceed
            return GateResult(gate: name, isOpen: isOpen, text: "not answered in time")
        }
        let valid = gate.validReplies(atWallMs: now.wallMs)
        let text = valid.isEmpty ? "asked for" : "\(valid.count) of \(needed): \(valid.callers)"
        return GateResult(gate: name, isOpen: valid.count >= needed, text: text)
    }

    private func failure(of name: String) -> GateFailure {
        name == "approval" ? rollout.plan?.approval?.onLapse ?? .hold : rollout.plan?.webhook?.onFailure ?? .hold
    }

    /// The calendar and the freeze.
    func doors() -> [GateResult] {
        var doors: [GateResult] = []
        if let calendar = settings.calendar {
            let isOpen = !isClockDoubtful && calendar.isOpen(atWallMs: now.wallMs)
            let next = isOpen ? nil : calendar.opens(afterWallMs: now.wallMs)
            let text = isOpen ? "open" : next.map { "opens \(WallTime(wallMs: $0))" } ?? "closed"
            doors.append(GateResult(gate: "calendar", isOpen: isOpen, text: text))
        }
        if let freeze = deployment.freeze, isClockDoubtful || freeze.holds(atWallMs: now.wallMs) {
            doors.append(GateResult(gate: "frozen", isOpen: false, text: freeze.text))
        }
        return doors
    }
}
