import Model

/// What an order's caller has to do with it, whatever it asks for: its key, the state that it has seen, and whose rollout it
/// means.
struct OrderConditions {
    let command: RolloutCommand
    let context: OrderContext

    /// Seven days.
    private static let keyMs: Int64 = 7 * 86_400_000

    /// The answer where the order is not to be carried out; nil where it is.
    func answer(_ lead: RolloutLead) -> RolloutAnswer? { answered(lead) ?? staleness(lead) ?? foreignness(lead) }

    /// The same key and body get the first answer again; another body under the key is refused.
    private func answered(_ lead: RolloutLead) -> RolloutAnswer? {
        guard let key = context.key,
            let known = lead.deployment.answered.last(where: { $0.key == key && $0.body == context.body })
                ?? lead.deployment.answered.last(where: { $0.key == key && isSameVerb($0.body) })
        else { return nil }
        guard known.body == context.body else {
            return refuse(.keyReused, "the key was used for another request: \(known.body)", lead)
        }
        return known.answer
    }

    /// A CI job has one key for all its orders: each verb has its own.
    private func isSameVerb(_ body: String) -> Bool {
        body.split(separator: " ").first == context.body.split(separator: " ").first
    }

    func remember(_ answer: RolloutAnswer, _ lead: inout RolloutLead, _ step: inout RolloutStep) {
        guard let key = context.key, !answer.isRefused else { return }
        var next = lead.deployment
        next.answered.removeAll { step.now.wallMs - $0.atWallMs > OrderConditions.keyMs }
        next.answered.append(
            .init(key: key, body: context.body, atWallMs: step.now.wallMs, answer: answer))
        next.answered = next.answered.suffix(50)
        lead.change(next, &step)
    }

    private func staleness(_ lead: RolloutLead) -> RolloutAnswer? {
        if let id = context.rollout, id != lead.running?.id, id != lead.queued?.id {
            if let over = lead.ended.first(where: { $0.id == id }) {
                if case .abort = command {
                    return RolloutAnswer(.already, "\(id) ended: \(over.end?.rawValue ?? "")", rollout: over.id)
                }
                return refuse(.notRunning, "\(id) ended: \(over.end?.rawValue ?? "")", lead)
            }
            return refuse(.notFound, "there is no rollout \(id)", lead)
        }
        guard let tag = context.ifMatch, let running = lead.running?.rollout, tag != running.tag else { return nil }
        return refuse(.stale, "\(running.id) has changed since then: it is at \(running.tag) now", lead)
    }

    /// A caller that leads releases pauses and aborts what it began, and not what another one did.
    private func foreignness(_ lead: RolloutLead) -> RolloutAnswer? {
        switch command {
        case .pause, .abort: break
        default: return nil
        }
        let isQueued = context.rollout != nil && context.rollout == lead.queued?.id
        guard context.isLimitedToOwn, let meant = isQueued ? lead.queued : lead.running?.rollout else { return nil }
        let owners = [meant.preparation.by, meant.begunBy].compactMap(\.self)
        guard !owners.contains(context.by) else { return nil }
        return refuse(
            .notYours,
            "\(meant.id) was prepared by \(meant.preparation.by), and a caller with the role `release` alone may pause and"
                + " abort its own rollouts only; the role `operate` may change any", lead)
    }

    private func refuse(_ code: RefusalCode, _ text: String, _ lead: RolloutLead) -> RolloutAnswer {
        RolloutAnswer(.refused(code), text, rollout: lead.running?.id)
    }
}
