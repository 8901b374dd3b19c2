package import Model

extension HaltReason {
    /// What ends the halt, for an operator.
    package var remedy: String {
        switch self {
        case .baselineSick:
            "the old version fails too; the halt ends when it has been well for a whole window"
        case .baselineAway:
            "bring the missing targets of the old version back, or continue without them: resume with accept_baseline"
        case .noTraffic: "check that requests reach the new version; the halt ends when they do"
        case .mismatch: "deploy the right version to the named targets; the halt ends when they run it"
        case .overlap: "correct the targets, so that none is in both places; the halt ends then"
        case .share:
            "requests do not follow the share that the router shows: search for cookies and for clients that pass by "
                + "the router; the halt ends when they do"
        case .capacity: "add targets to the new version's place, or set `capacity: ignore`; the halt ends then"
        case .clock: "the machine's clock has jumped; the halt ends after 5 minutes"
        case .journal: "make room on the disk; the halt ends when the journal can be written again"
        case .schema: "bring the schema to what the new version needs; the halt ends when it fits"
        case .plan:
            "see `rollguard plan` and `rollguard status` for the step; retry, skip or repair it, and the halt ends"
        case .hand: "another client has changed the share: resume adopts the present one, abort ends the rollout"
        case .gate: "resume asks the gate once more, abort ends the rollout"
        case .overdue: "promote with the gates to skip continues, resume waits again, abort ends the rollout"
        case .router: "repair the router, then resume; abort ends the rollout"
        case .rulesChanged: "resume judges by the rules as they are now, abort ends the rollout"
        }
    }
}
