import Support

/// How an event is shown: the one wording for timelines, notifications, the API and the command line.
extension JournalEvent {
    /// The name of the step in an incident's timeline.
    public var step: String {
        if case .provenByTraffic = self { return "proven" }
        if case .draining(let record) = self, record.sharesBasisPoints.isEmpty { return "at_once" }
        return name
    }

    /// The event as a phrase, without the incident that it belongs to.
    public var text: String {
        switch self {
        case .began(let baseline, let canary): "watching \(canary) against \(baseline)"
        case .ended(let end): "the release ended: \(end.text)"
        case .alertFiring(let alert): "\(alert.rule) fires: \(alert.evidence.comparison)"
        case .alertResolved(let alert): "\(alert.rule) no longer fires"
        case .held(let hold): "no rollback for \(hold.rule): \(hold.reason)"
        case .intended(let intent): intent.text
        case .actedBeforeDurable(let reason): "the router was called before the journal was written: \(reason)"
        case .draining(let record): record.text
        case .fallback(let reason): reason
        case .applied(let receipts): receipts.text
        case .observed(let seen): seen.text
        case .provenByTraffic(let rate): "the canary serves \(NumberText.plain(rate)) requests/s"
        case .unproven(let reason): "the router's 0 % is accepted without a proof: \(reason)"
        case .acknowledged: "the rollback is in force"
        case .abandoned(let reason): "not acknowledged in time: \(reason)"
        case .drifted(let seen): "the canary was put back: \(seen.text)"
        case .strayed(let rate):
            "the canary serves \(NumberText.plain(rate)) requests/s although the router shows 0 %"
        case .driftHeld(let reason): "the canary was put back and keeps its traffic: \(reason)"
        case .driftOverruled(let by, let reason): "taken out although the baseline may not serve, for \(by): \(reason)"
        case .rearmed(let by, let reason): "rearmed by \(by): \(reason)"
        case .evidence: "the evidence of the statistical rules so far"
        case .pending(let alerts):
            alerts.isEmpty ? "no alert is pending" : "pending: " + alerts.map(\.rule).joined(separator: ", ")
        case .routerUnusable(let reason): "the router cannot be used: \(reason)"
        case .routerUsable: "the router can be used again"
        case .unreadable(let kind, let reason): "the entry (\(kind)) cannot be read and was skipped: \(reason)"
        }
    }
}

extension IntentRecord {
    fileprivate var text: String {
        let what = "\(isDryRun ? "would roll" : "roll") back from \(fromVersion) to \(toVersion)"
        return switch trigger {
        case .rule(let alert): "\(what) because \(alert.rule) fires: \(alert.evidence.comparison)"
        case .operatorCommand(let by, let reason): "\(what), requested by \(by): \(reason)"
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
