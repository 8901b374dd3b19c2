import Model

/// What an operator's request for a rollback means, as the release is when it comes. It is valid in every phase, because an
/// operator is above the guards.
enum RollbackRequest: Equatable {
    case refused(text: String)
    /// No rollback is open or latched.
    case begin
    /// The rollback that is under way skips its steps.
    case hurry
    case isUnderWay
    /// The canary was put back and has been left with its traffic; now it is taken out.
    case overrule
    /// It is done already; whether the canary was put back is asked again.
    case pollAgain

    /// - Parameters:
    ///   - version: the one to go back to; nil for the baseline's.
    ///   - isHeld: the canary has traffic again and is left with it.
    init(
        toVersion version: String?, plan: ReleasePlan, phase: ReleasePhase, rollback: RollbackProcess?, isHeld: Bool,
        isDryRun: Bool
    ) {
        if let version, version != plan.baseline.version {
            self = .refused(
                text: "\(plan.name) can go back to \(plan.baseline.version), the baseline, and to no other version;"
                    + " \(version) is not running beside it")
        } else if phase == .rollingBack, let open = rollback, open.isOpen {
            if isDryRun {
                self = .refused(text: open.dryRunRefusal(release: plan.name))
            } else {
                self = open.drain == nil ? .isUnderWay : .hurry
            }
        } else if phase == .rolledBack, rollback != nil {
            self = isHeld && !isDryRun ? .overrule : .pollAgain
        } else {
            self = .begin
        }
    }

    /// What the operator is answered.
    ///
    /// - Parameter incident: the rollback that the request is about, after it was carried out.
    func answer(plan: ReleasePlan, incident: String?) -> CommandResult {
        let name = plan.name
        return switch self {
        case .refused(let text): .refused(text: text)
        case .begin: .accepted(text: "rolling \(name) back to \(plan.baseline.version)", incident: incident)
        case .hurry: .accepted(text: "the rest of \(name)'s canary is taken out now", incident: incident)
        case .isUnderWay: .accepted(text: "\(name) is being rolled back already", incident: incident)
        case .overrule: .accepted(text: "\(name)'s canary is taken out again", incident: incident)
        case .pollAgain:
            .accepted(text: "\(name) is already rolled back; the router is polled again", incident: incident)
        }
    }
}

extension RollbackProcess {
    /// What a run that moves traffic has begun is not changed by one that does not.
    fileprivate func dryRunRefusal(release: String) -> String {
        "\(id) of \(release) was begun by a run that moves traffic, and this is a dry run: it"
            + " changes nothing of it; run without --dry-run"
    }

    /// Why the latch cannot be cleared now; nil when it can.
    func reasonNotToRearm(release: String, isDryRun: Bool) -> String? {
        if isDryRun, !incident.intent.isDryRun { return dryRunRefusal(release: release) }
        guard isOpen, !isOverdue else { return nil }
        return "\(release) is being rolled back (\(id)); rearm it when that is done"
    }
}
