import Model

/// How the canary's share is read out of an answer.
struct CheckedReadBack: Sendable {
    /// The place of a weight in the answer.
    struct Place: Sendable {
        let pointer: JSONPointer
        let filters: [Filter]
        let then: JSONPointer?

        init(_ plan: HTTPRouterPlan.WeightPointer) throws(RouterPlanError) {
            pointer = try JSONPointer(plan.pointer)
            filters = try Filter.all(plan.filters)
            then = try plan.then.map { text throws(RouterPlanError) in try JSONPointer(text) }
        }
    }

    let steps: [CheckedStep]
    private let canary: Place
    private let baseline: Place?

    init(_ plan: HTTPRouterPlan.ReadBack, names: TemplateNames) throws(RouterPlanError) {
        var names = names
        names.hasSplit = false
        steps = try CheckedStep.all(plan.steps, names: names, what: "read_back")
        do {
            canary = try Place(plan.canary)
            baseline = try plan.baseline.map { place throws(RouterPlanError) in try Place(place) }
        } catch {
            throw RouterPlanError("read_back: \(error.message)")
        }
        guard !steps.contains(where: \.isChange) || steps.allSatisfy({ $0.method == "GET" || $0.method == "POST" })
        else {
            throw RouterPlanError("read_back must only read: its steps may be GET, or POST where an API reads by POST")
        }
    }

    /// - Throws: ``Refusal`` with the reason why there is no share.
    func share(_ document: JSONValue) throws(Refusal) -> Int {
        let part = try number(canary, document, "canary")
        guard let baseline else {
            guard (0...100).contains(part) else {
                throw Refusal(.rejected, "the canary's percentage is \(JSONNumber(part).literal), not 0 to 100")
            }
            return Share.basisPoints(canary: part, baseline: 100 - part) ?? 0
        }
        let rest = try number(baseline, document, "baseline")
        guard let share = Share.basisPoints(canary: part, baseline: rest) else {
            let weights = "\(JSONNumber(part).literal) and \(JSONNumber(rest).literal)"
            throw Refusal(.rejected, "the weights of canary and baseline are \(weights), which is no split")
        }
        return share
    }

    private func number(_ place: Place, _ document: JSONValue, _ pool: String) throws(Refusal) -> Double {
        guard var value = place.pointer.find(in: document) else {
            throw Refusal(.rejected, "the answer has nothing at \"\(place.pointer.text)\" for the \(pool)'s weight")
        }
        do {
            for filter in place.filters { value = try filter.apply(value) }
        } catch {
            throw Refusal(.rejected, "the \(pool)'s weight at \"\(place.pointer.text)\" \(error.reason)")
        }
        if let then = place.then {
            guard let inner = then.find(in: value) else {
                throw Refusal(.rejected, "the \(pool)'s weight has nothing at \"\(then.text)\"")
            }
            value = inner
        }
        guard let number = value.numeric, number.value >= 0 else {
            throw Refusal(
                .rejected, "the \(pool)'s weight is \(ShownText.line(value.encoded, limit: 80)), not a number")
        }
        return number.value
    }
}
