import Support

extension IntentRecord {
    /// `roll back from v1.5.0 to v1.4.2 because CanaryErrors fires: …`
    var text: String {
        let what = "\(isDryRun ? "would roll" : "roll") back from \(fromVersion) to \(toVersion)"
        return switch trigger {
        case .rule(let alert): "\(what) because \(alert.rule) fires: \(alert.evidence.comparison)"
        case .operatorCommand(let by, let reason): "\(what), requested by \(by): \(reason)"
        case .rollout(let trigger): "\(what), \(trigger.text)"
        }
    }
}

extension Evidence {
    /// `error_rate of the canary 8.1%, of the baseline 0.2% (canary > 5%)`
    public var comparison: String {
        let remarks = notes.map { "; \($0)" }.joined()
        if let regression { return "\(regression.sentence) (\(condition))\(remarks)" }
        let measure = measure ?? Indicator(name: indicator)?.measure ?? .number
        func text(_ value: Double?) -> String { value.map { NumberText.text($0, measure) } ?? "no value" }
        return "\(indicator) of the canary \(text(canary.value)), of the baseline \(text(baseline.value))"
            + " (\(condition))\(remarks)"
    }
}

extension Array<RouterReceipt> {
    /// `lb1: accepted; lb2: rejected (403)`
    public var text: String {
        RouterText.list(self) { receipt in
            let detail = receipt.detail.isEmpty ? "" : " (\(receipt.detail))"
            return "\(Redaction.url(receipt.instance)): \(receipt.outcome.rawValue)\(detail)"
        }
    }
}

extension Array<RouterObservation> {
    /// `lb1: canary 25%; lb2: connection refused`
    public var text: String {
        RouterText.list(self) { observation in
            let share = observation.canaryBasisPoints.map { "canary \(NumberText.percent(Double($0) / 10_000))" }
            let parts = [share, observation.problem].compactMap(\.self)
            let state = parts.isEmpty ? "no answer about the split" : parts.joined(separator: ", ")
            return "\(Redaction.url(observation.instance)): \(state)"
        }
    }
}

private enum RouterText {
    /// Instances can be many; a line shows ten.
    static func list<Item>(_ items: [Item], _ text: (Item) -> String) -> String {
        let shown = items.prefix(10).map(text).joined(separator: "; ")
        return items.count > 10 ? "\(shown) and \(items.count - 10) more" : shown
    }
}
