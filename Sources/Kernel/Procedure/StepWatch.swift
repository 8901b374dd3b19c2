import Model

/// The steps of the road `watch`, which repeat while a canary is watched. A failing one is reported once, and once more when
/// none fails any more; a rollback waits for none.
struct StepWatch: Sendable, Equatable {
    private struct One: Sendable, Equatable {
        let name: String
        var nextUptimeMs = Int64.min
        var call: RouterCall?
        /// Why it fails; nil while it does not.
        var problem: String?
    }

    private var all: [One] = []

    /// Names of those that fail, in the order in which they began to.
    var failing: [String] { all.filter { $0.problem != nil }.map(\.name) }

    /// For `status`, one sentence each.
    var failingTexts: [String] {
        all.compactMap { one in one.problem.map { "\(one.name), a step of the plan, fails: \($0)" } }
    }

    /// What keeps a rollout where it is: a step with `on_failure: hold` that fails.
    func halt(_ plan: ProcedurePlan?) -> String? {
        let holding = plan?.steps.filter { $0.when.contains(.watch) && $0.onFailure == .hold }.map(\.name) ?? []
        let one = all.first { $0.problem != nil && holding.contains($0.name) }
        return one.map { "\($0.name), a step of the plan, fails: \($0.problem ?? "")" }
    }

    /// Steps that are due now, each with the number of its call.
    mutating func due(_ steps: [ProcedureStep], _ context: inout StepContext) -> [(step: ProcedureStep, call: Int)] {
        let now = context.now.uptimeMs
        all.removeAll { one in one.problem == nil && !steps.contains { $0.name == one.name } }
        var due: [(ProcedureStep, Int)] = []
        for step in steps {
            let index = index(of: step.name)
            guard all[index].call == nil, now >= all[index].nextUptimeMs else { continue }
            let number = context.newCall()
            all[index].call = RouterCall(number: number, expiresUptimeMs: now + step.callLimitMs)
            due.append((step, number))
        }
        return due
    }

    /// The call that has no answer in its time; nil for none.
    func expired(at now: Moment) -> Int? {
        all.first { $0.call.map { now.uptimeMs >= $0.expiresUptimeMs } ?? false }?.call?.number
    }

    /// What an answer changes: the step, and whether it fails now; nil when that is as before, or the call is not known.
    mutating func take(
        call number: Int, _ answer: StepAnswer, _ steps: [ProcedureStep], at now: Moment
    ) -> ProcedureEvent? {
        guard let index = all.firstIndex(where: { $0.call?.number == number }) else { return nil }
        let everyMs = steps.first { $0.name == all[index].name }?.intervalMs ?? ProcedureStep.repeatEveryMs
        (all[index].call, all[index].nextUptimeMs) = (nil, now.uptimeMs + everyMs)
        let before = all[index].problem
        all[index].problem = answer.isGood ? nil : answer.text
        switch (before, answer.isGood) {
        case (nil, false): return .watchFailed(step: all[index].name, reason: answer.text)
        case (.some, true): return .watchRecovered(step: all[index].name, reason: answer.text)
        default: return nil
        }
    }

    /// Nothing is watched any more, or the step is not in the plan any more.
    mutating func end(_ names: [String], because reason: String) -> [ProcedureEvent] {
        let ended = all.filter { $0.problem != nil && names.contains($0.name) }
        all.removeAll { names.contains($0.name) }
        return ended.map { .watchRecovered(step: $0.name, reason: reason) }
    }

    var names: [String] { all.map(\.name) }

    mutating func restore(_ event: ProcedureEvent) {
        switch event {
        case .watchFailed(let step, let reason): all[index(of: step)].problem = reason
        case .watchRecovered(let step, _): all[index(of: step)].problem = nil
        default: break
        }
    }

    private mutating func index(of name: String) -> Int {
        if let known = all.firstIndex(where: { $0.name == name }) { return known }
        all.append(One(name: name))
        return all.count - 1
    }
}

extension ProcedureStep {
    /// The key of a repetition is another one than that of the same step on another road. Each request has one of its own: a
    /// server that knows a repetition would give the first answer for ever.
    fileprivate func keyName(at now: Moment) -> String {
        if case .http = work { "watch:\(name):\(now.wallMs)" } else { "watch:\(name)" }
    }
}

extension StepAnswer {
    fileprivate var isGood: Bool {
        switch self {
        case .done, .proved, .value, .verified: true
        case .failed, .refused, .unknown, .notProved, .unreadable: false
        }
    }
}

/// A release and what is repeated while its canary is watched.
extension Release {
    /// At the end of a cycle.
    mutating func repeatSteps(_ context: inout StepContext) {
        let steps = plan.procedure?.steps(on: .watch) ?? []
        guard !context.isDryRun, context.mayLead(name), !steps.isEmpty || !stepWatch.names.isEmpty else { return }
        guard phase == .watching else {
            let ended = stepWatch.end(stepWatch.names, because: "no canary is watched any more")
            return report(ended, &context)
        }
        let gone = stepWatch.names.filter { name in !steps.contains { $0.name == name } }
        let ended = stepWatch.end(gone, because: "it is not in the plan any more")
        report(ended, &context)
        if let late = stepWatch.expired(at: context.now) {
            tookRepeated(call: late, .unknown("no answer in its time"), &context)
        }
        for (step, number) in stepWatch.due(steps, &context) {
            var call = StepCall(
                release: name, incident: watchedID, number: number, step: step, attempt: 1,
                baselineVersion: plan.baseline.version, canaryVersion: plan.canary.version)
            call.keyName = step.keyName(at: context.now)
            context.emit(step.hasProof ? .checkStep(call) : .runStep(call))
        }
    }

    mutating func tookRepeated(call: Int, _ answer: StepAnswer, _ context: inout StepContext) {
        let steps = plan.procedure?.steps(on: .watch) ?? []
        guard let event = stepWatch.take(call: call, answer, steps, at: context.now) else { return }
        report([event], &context)
    }

    /// The rollout that is under way, or the release itself.
    private var watchedID: String { rollouts.running?.id ?? forward?.id ?? name }

    private func report(_ events: [ProcedureEvent], _ context: inout StepContext) {
        for event in events {
            let entry = context.record(.procedure(event), release: name, incident: watchedID)
            context.log(event.announcement == .watchFailed ? .warning : .info, name, event.text)
            guard let announcement = event.announcement else { continue }
            // The end is announced when none fails any more.
            if announcement == .watchRecovered, !stepWatch.failing.isEmpty { continue }
            var notification = Notification(
                announcement, of: nil, plan: plan, share: poll.share, sequence: entry.sequence,
                summary: "\(name): \(event.text)", at: context.now, isDryRun: context.isDryRun)
            notification.rollout = rollouts.running?.id
            context.notify(notification)
        }
    }
}
