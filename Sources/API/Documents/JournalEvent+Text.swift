import Model
import Support

extension JournalEvent {
    /// For people.
    var sentence: String {
        switch self {
        case .began(let baseline, let canary): "watching \(canary) against \(baseline)"
        case .ended(let end): "the release ended: \(end.words)"
        case .alertFiring(let alert): "\(alert.rule) fires: \(alert.evidence.condition)"
        case .alertResolved(let alert): "\(alert.rule) no longer fires"
        case .held(let hold): "no rollback for \(hold.rule): \(hold.reason)"
        case .intended(let intent): intent.sentence
        case .actedBeforeDurable(let reason): "the router was called before the journal was written: \(reason)"
        case .draining(let record): record.text
        case .fallback(let reason): reason
        case .applied(let receipts): JournalEvent.list(receipts.map { "\($0.instance) \($0.outcome.rawValue)" })
        case .observed(let seen): JournalEvent.list(seen.map(\.sentence))
        case .provenByTraffic(let rate): "the canary gets \(rate) requests per second"
        case .unproven(let reason): "the router's 0 % is accepted without a proof: \(reason)"
        case .acknowledged: "the rollback is in force"
        case .abandoned(let reason): "not acknowledged in time: \(reason)"
        case .drifted(let seen): "the canary had traffic again: " + JournalEvent.list(seen.map(\.sentence))
        case .strayed(let rate):
            "the canary had traffic again although the router shows 0 %: \(rate) requests per second"
        case .driftHeld(let reason): "the canary had traffic again and is left with it: \(reason)"
        case .driftOverruled(let by, let reason): "taken out all the same, asked for by \(by): \(reason)"
        case .evidence: "the evidence of the regression rules so far"
        case .pending(let alerts):
            alerts.isEmpty ? "no alert is pending" : "pending: " + alerts.map(\.rule).joined(separator: ", ")
        case .routerUnusable(let reason): "the router cannot be used: \(reason)"
        case .routerUsable: "the router can be used again"
        case .rearmed(let by, let reason): "rearmed by \(by): \(reason)"
        }
    }

    /// Router instances can be many; a sentence shows ten.
    private static func list(_ parts: [String]) -> String {
        let shown = parts.prefix(10).map { Redaction.url($0) }.joined(separator: ", ")
        return parts.count > 10 ? "\(shown) and \(parts.count - 10) more" : shown
    }
}

extension IntentRecord {
    fileprivate var sentence: String {
        let what = "\(isDryRun ? "would roll" : "roll") back from \(fromVersion) to \(toVersion)"
        return switch trigger {
        case .rule(let alert): "\(what) because \(alert.rule) fires"
        case .operatorCommand(let by, let reason): "\(what), asked for by \(by): \(reason)"
        }
    }
}

extension RouterObservation {
    fileprivate var sentence: String {
        guard let canaryBasisPoints else { return "\(instance) not read" }
        let hundredths = String(canaryBasisPoints % 100 + 100).dropFirst()
        return "\(instance) gives the canary \(canaryBasisPoints / 100).\(hundredths)%"
    }
}
