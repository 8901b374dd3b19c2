import Model

/// Orders to a unit: each part takes them, and what they answer is one answer.
extension Unit {
    /// What goes up is taken by all parts or by none; what goes down, or holds, by every part that can.
    func order(
        _ command: RolloutCommand, _ order: OrderContext, _ releases: inout [Release], _ context: inout StepContext
    ) -> RolloutAnswer {
        if let stale = staleness(order, releases) { return stale }
        if let problem = targetProblem(command, releases) { return RolloutAnswer(.refused(.invalid), problem) }
        var order = order
        order.ifMatch = nil
        order.newRollout = context.rolloutID(name)
        var (next, nextContext) = (releases, context)
        var answers: [(part: String, answer: RolloutAnswer)] = []
        for index in command.isAskedOfLead ? Array(members.prefix(1)) : members {
            let own = command.of(part: releases[index].partName)
            answers.append((releases[index].partName, next[index].order(own, order, &nextContext)))
        }
        let refused = answers.first { $0.answer.isRefused }
        let isTaken = refused == nil || command.isTakenByAnyPart && answers.contains { !$0.answer.isRefused }
        guard isTaken else { return refusal(answers) }
        (releases, context) = (next, nextContext)
        return merged(answers.map(\.answer).filter { !$0.isRefused }, answers)
    }

    /// A rollback, or the end of its latch.
    func command(
        _ command: Command, by: String, reason: String, _ releases: inout [Release], _ context: inout StepContext
    ) -> CommandResult {
        let isLed = members.contains { releases[$0].rollouts.running != nil || releases[$0].phase == .rollingBack }
        var (next, nextContext) = (releases, context)
        var results: [(part: String, result: CommandResult)] = []
        for index in members where !command.isRearm || releases[index].isLatched {
            let result =
                if case .rollback(_, let version, let evenContracted) = command {
                    next[index].rollbackCommand(
                        toVersion: version, evenContracted: evenContracted, by: by, reason: reason, &nextContext)
                } else {
                    next[index].rearmCommand(
                        abandonPlan: command.abandonsPlan, by: by, reason: reason, &nextContext)
                }
            results.append((releases[index].partName, result))
        }
        guard !results.isEmpty else {
            return .refused(text: "\(name) has no latch to clear: it was not rolled back")
        }
        let accepted = results.filter(\.result.isAccepted)
        // While something goes down, a part that is down already keeps no other from it.
        guard accepted.count == results.count || !accepted.isEmpty && isLed && !command.isRearm else {
            return .refused(text: Unit.text(results.filter { !$0.result.isAccepted }))
        }
        (releases, context) = (next, nextContext)
        let incident = accepted.lazy.compactMap { part -> String? in
            if case .accepted(_, let incident) = part.result { incident } else { nil }
        }.first
        return .accepted(text: Unit.text(accepted), incident: incident)
    }

    private static func text(_ results: [(part: String, result: CommandResult)]) -> String {
        results.map { "\($0.part): \($0.result.text)" }.joined(separator: "; ")
    }

    /// The condition of an order is about the unit, whose newest entry may be of any part.
    private func staleness(_ order: OrderContext, _ releases: [Release]) -> RolloutAnswer? {
        let running = members.compactMap { releases[$0].rollouts.running?.rollout }
        guard let tag = order.ifMatch, let newest = running.max(by: { $0.revision < $1.revision }), tag != newest.tag
        else { return nil }
        return RolloutAnswer(
            .refused(.stale), "\(newest.id) has changed since then: it is at \(newest.tag) now", rollout: newest.id)
    }

    /// Targets of a unit are each a part's.
    private func targetProblem(_ command: RolloutCommand, _ releases: [Release]) -> String? {
        guard case .begin(let order) = command, !order.targets.isEmpty else { return nil }
        return OrderedTargets.problem(order.targets)
            ?? OrderedTargets.problem(order.targets, parts: members.map { releases[$0].partName })
    }

    private func refusal(_ answers: [(part: String, answer: RolloutAnswer)]) -> RolloutAnswer {
        let refused = answers.filter { $0.answer.isRefused }
        var answer = refused[0].answer
        let texts = refused.map(\.answer.text)
        answer.text =
            Set(texts).count == 1 && refused.count == members.count
            ? texts[0] : refused.map { "\($0.part): \($0.answer.text)" }.joined(separator: "; ")
        return answer
    }

    private func merged(
        _ taken: [RolloutAnswer], _ all: [(part: String, answer: RolloutAnswer)]
    ) -> RolloutAnswer {
        var answer = taken.first { $0.outcome != .already } ?? taken[0]
        let places = all.compactMap { one in one.answer.place.map { (one.part, $0) } }
        if Set(places.map(\.1)).count > 1 {
            answer.place = places.map { "\($0.0)=\($0.1)" }.joined(separator: ",")
            answer.text = taken.map(\.text).joined(separator: "; ")
        }
        answer.sequence = taken.compactMap(\.sequence).max()
        answer.tag = taken.compactMap(\.tag).max { Unit.revision(of: $0) < Unit.revision(of: $1) }
        return answer
    }

    /// `117` of `shop-r42.117`.
    private static func revision(of tag: String) -> UInt64 {
        tag.split(separator: ".").last.flatMap { UInt64($0) } ?? 0
    }
}

extension RolloutCommand {
    /// What one part of a unit has to do: it begins with its own targets.
    fileprivate func of(part: String) -> RolloutCommand {
        guard case .begin(var order) = self else { return self }
        order.targets = OrderedTargets.addresses(of: part, in: order.targets)
        return .begin(order)
    }

    /// Gates that are asked are the first part's.
    fileprivate var isAskedOfLead: Bool {
        switch self {
        case .approve, .deny, .answerGate: true
        case .prepare, .begin, .pause, .resume, .promote, .abort, .freeze, .unfreeze: false
        }
    }

    /// One part that cannot take it does not keep the others from it.
    fileprivate var isTakenByAnyPart: Bool {
        switch self {
        case .pause, .abort, .freeze, .deny: true
        case .prepare, .begin, .resume, .approve, .promote, .unfreeze, .answerGate: false
        }
    }
}

extension Command {
    fileprivate var isRearm: Bool { if case .rearm = self { true } else { false } }

    /// Of a rearm: gives the plan up, even where a step is under way.
    var abandonsPlan: Bool { if case .rearm(_, true) = self { true } else { false } }
}

extension Release {
    /// Some version may not be tried again before it is rearmed.
    fileprivate var isLatched: Bool {
        rollback.map { !$0.incident.isRearmed } ?? false || !rollouts.deployment.failed.isEmpty
    }
}

extension CommandResult {
    fileprivate var text: String {
        switch self {
        case .accepted(let text, _), .refused(let text), .notFound(let text), .watchedElsewhere(let text): text
        }
    }

    var isAccepted: Bool { if case .accepted = self { true } else { false } }
}
