import Declarations
import Model

/// `approval` of a step.
enum ApprovalReader {
    static var section: Section<ApprovalPlan> {
        Section(
            owner: "'approval'", blank: ApprovalPlan(),
            settings: [
                Setting.value(
                    "of", \.of, .lines(of: "names of tokens"), shownDefault: "everyone who may approve",
                    "names of the [tokens](#tokens-with-roles) whose holders may approve"
                ).written { !$0.of.isEmpty },
                .value("count", \.count, .integer(1...20), "how many different callers have to approve"),
                .value(
                    "not_the_beginner", \.isNotTheBeginner, .bool, "whoever began the rollout does not count"),
                .value(
                    "ask_for", \.askForMs, .duration(), "how long it is asked for before the gate has lapsed"),
                .value(
                    "valid", \.validMs, .duration(), "how long an approval holds while other gates are still closed"),
                .value("then", \.onLapse, lapse, "what follows when it has lapsed"),
            ])
    }

    /// Silence is no approval, so `proceed` is not among them.
    private static var lapse: ValueForm<GateFailure> {
        ValueForm<String>.choice([GateFailure.hold, .rollback].map(\.rawValue))
            .mapped({ name, _ in GateFailure(rawValue: name) }, back: \.rawValue)
    }
}
