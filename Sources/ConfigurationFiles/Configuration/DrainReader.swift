import Declarations
import Model

/// `drain`: the steps in which a rollback takes the canary's traffic away.
struct DrainReader {
    private static let stepLimit = 20

    let rollback: RollbackPlan
    let intervalMs: Int64
    /// The names under `indicators`; nil when there is no such section.
    let indicators: Set<String>?

    var section: Section<DrainPlan> {
        let steps = ValueForm<[Int]>(
            summary: "list of percentages", schema: .array(of: .percentage, least: 1), read: steps,
            write: { .list($0.map { .plain(Field.percent(Double($0) / 10_000)) }) })
        return Section(
            owner: "'drain'", blank: DrainPlan(stepsBasisPoints: [], pauseMs: 0),
            settings: [
                .required(
                    "steps", \.stepsBasisPoints, steps,
                    "how much of the share that the canary had is gone after each step; rising, the last is `100%`"),
                .required(
                    "pause", \.pauseMs, .duration(),
                    "between two steps at least; a step also waits for one whole scrape of the baseline"),
                Setting.value(
                    "at_once_above", \.atOnceAboveErrorRate, .percentage(0.001...1),
                    "a canary with this error rate or a higher one loses everything at once"
                    // Without errors there is no such limit, and it would be refused.
                ).written { _ in hasErrors },
            ],
            finish: { plan, fields in
                checkIndicators(fields)
                checkTime(plan, fields)
                return true
            })
    }

    private var hasErrors: Bool { indicators?.contains("errors") ?? true }

    private func steps(_ field: Field) -> [Int]? {
        guard let entries = field.entries(of: "percentages such as 50%") else { return nil }
        guard (1...DrainReader.stepLimit).contains(entries.count) else {
            field.fail("'steps' needs 1 to \(DrainReader.stepLimit) percentages, such as [50%, 100%]")
            return nil
        }
        let steps = entries.compactMap { $0.percentage(0.0001...1).map { Int(($0 * 10_000).rounded()) } }
        guard steps.count == entries.count else { return nil }
        for (index, pair) in zip(steps, steps.dropFirst()).enumerated() where pair.0 >= pair.1 {
            entries[index + 1].fail("each of 'steps' takes more of the canary's share away than the one before")
            return nil
        }
        guard steps.last == 10_000 else {
            field.fail("the last of 'steps' must be 100%: a rollback leaves nothing to the canary")
            return nil
        }
        return steps
    }

    /// Steps that outlast the deadline would page an operator at each rollback.
    private func checkTime(_ plan: DrainPlan, _ fields: Fields) {
        let pauses = Int64(plan.stepsBasisPoints.count - 1)
        // A step waits for a whole scrape cycle, so it takes up to two.
        let stepMs = max(plan.pauseMs, 2 * intervalMs)
        guard pauses > 0, stepMs >= rollback.deadlineMs / pauses else { return }
        let deadline = Amounts.text(durationMs: rollback.deadlineMs)
        fields["pause"]?.fail(
            "the steps take \(pauses) times \(Amounts.text(durationMs: stepMs)) (the pause, or two scrapes), and "
                + "'deadline' of 'rollback' is \(deadline); take fewer steps, shorten 'pause' or raise the deadline")
    }

    private func checkIndicators(_ fields: Fields) {
        guard !hasErrors, let field = fields["at_once_above"] else { return }
        field.fail("'at_once_above' is an error rate and needs the indicators 'requests' and 'errors'")
    }
}
