import Declarations
import Model

/// Steps whose `max` is over before their gates can be open. What `min` and `settle` need is an error where they are written;
/// this is about what follows from other fields.
struct StepTimeChecks {
    let rollout: RolloutPlan
    /// Of the release; empty when none could be read.
    let rules: [RulePlan]
    /// The release.
    let fields: Fields

    func check() {
        // A field of `every` is reported once, not for each step.
        var reported: [String] = []
        for step in rollout.steps {
            guard let maxMs = step.maxMs, let text = problem(step, maxMs) else { continue }
            let place = place(ofMaxAt: step.basisPoints)
            let key = "\(place?.line ?? 0):\(place?.column ?? 0) \(text)"
            guard !reported.contains(key) else { continue }
            reported.append(key)
            fields.warn(at: place ?? fields.namePlace("steps"), text)
        }
    }

    private func problem(_ step: StepPlan, _ maxMs: Int64) -> String? {
        let max = Amounts.text(durationMs: maxMs)
        if let slow = rules.first(where: { step.rules.contains($0.name) && $0.windowMs >= maxMs }) {
            return
                "'max' (\(max)) is over before rule \(Quote.name(slow.name)) can be healthy over a whole window "
                + "(\(Amounts.text(durationMs: slow.windowMs))) inside the step; make 'max' longer"
        }
        guard let webhook = step.webhook, Swift.max(step.minMs, step.settleMs) + webhook.withinMs > maxMs else {
            return nil
        }
        let ready = Amounts.text(durationMs: Swift.max(step.minMs, step.settleMs))
        return
            "'max' (\(max)) may be over while \(Quote.name(webhook.name)) may still answer: it is asked after \(ready) at the "
            + "soonest, and has \(Amounts.text(durationMs: webhook.withinMs)) ('within'); make 'max' longer"
    }

    /// Where the `max` of a step is written: at the share itself, or for each of them.
    private func place(ofMaxAt basisPoints: Int) -> Place? {
        let steps = fields["steps"]?.value
        let own: [YAMLValue.Member] =
            if case .mapping(let members)? = steps?.member("at")?.value.content { members } else { [] }
        let share = shareText(basisPoints)
        let written = own.first { $0.name == share }?.value.member("max")
        return (written ?? steps?.member("every")?.value.member("max"))?.namePlace
    }
}
