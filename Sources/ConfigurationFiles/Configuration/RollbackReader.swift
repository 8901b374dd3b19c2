import Declarations
import Model
import Support

/// `rollback` and `proof`.
enum RollbackReader {
    static var section: Section<RollbackPlan> {
        Section(
            owner: "'rollback'", blank: RollbackPlan(),
            settings: [
                .value(
                    "call_timeout", \.callTimeoutMs, .duration(), shownDefault: "`2s`, at most the deadline",
                    "limit of one router call"),
                .section(
                    "retry", \.retry, RetryBounds.section(RollbackPlan().retry), "pauses between failed calls"),
                .value(
                    "deadline", \.deadlineMs, .duration(), shownDefault: "`1m`, or twice the shortest proof",
                    "from the verdict (over restarts too); past it people are paged, and the tries continue"),
                .value(
                    "observe_every", \.observeEveryMs, .duration(), "how often the split is read back"),
            ],
            finish: { plan, fields in
                if fields["call_timeout"]?.durationMs() == nil {
                    plan.callTimeoutMs = min(plan.callTimeoutMs, plan.deadlineMs)
                }
                if plan.callTimeoutMs > plan.deadlineMs {
                    fields["call_timeout"]?.fail(
                        "'call_timeout' must not be longer than 'deadline', the whole rollback's limit")
                }
                if let retry = fields["retry"], retry.value.member("min") != nil, plan.retryMinMs >= plan.deadlineMs {
                    retry.fail(
                        "'min' of 'retry' must be shorter than 'deadline', or a call that failed is not made again in time"
                    )
                }
                return true
            })
    }

    static var proof: Section<ProofPlan> {
        Section(
            owner: "'proof'", blank: ProofPlan(),
            settings: [
                .value(
                    "below", \.belowPerSecond, .rate,
                    "the canary's requests count as gone below this rate, over the whole pool"),
                .value("cycles", \.cycles, .integer(1...1_000), "for at least this many scrapes in a row"),
            ],
            finish: { plan, fields in
                if let below = fields["below"] { checkBelow(&plan, below) }
                return true
            })
    }

    /// The silence that distinguishes a rate from a higher one grows without limit as the rate falls.
    private static func checkBelow(_ plan: inout ProofPlan, _ field: Field) {
        guard plan.belowPerSecond < leastBelowPerSecond else { return }
        let least = NumberText.plain(leastBelowPerSecond)
        field.log.impossible(
            field.place,
            "'below' is too small to be proved: at \(NumberText.plain(plan.belowPerSecond))/s it takes more than an hour "
                + "without any request (\(NumberText.plain(ProofPlan.expectedRequests)) divided by the rate); use \(least)/s or "
                + "more")
        plan.belowPerSecond = leastBelowPerSecond
    }

    private static let leastBelowPerSecond = 0.001
}

/// `retry: {min: 200ms, max: 5s}`. A bound that is left out keeps out of the other's way.
struct RetryBounds {
    var minMs: Int64
    var maxMs: Int64

    static func section(_ blank: RetryBounds) -> Section<RetryBounds> {
        Section(
            owner: "'retry'", blank: blank,
            settings: [
                .value("min", \.minMs, .duration(), "pause after the first failure; it doubles up to `max`"),
                .value("max", \.maxMs, .duration(), "longest pause"),
            ],
            finish: { bounds, fields in
                let low = fields["min"]?.durationMs()
                let high = fields["max"]?.durationMs()
                if high == nil { bounds.maxMs = max(bounds.maxMs, bounds.minMs) }
                if low == nil { bounds.minMs = min(bounds.minMs, bounds.maxMs) }
                if let low, let high, low > high { fields["min"]?.fail("'min' must not be longer than 'max'") }
                return true
            })
    }
}

extension RollbackPlan {
    var retry: RetryBounds {
        get { RetryBounds(minMs: retryMinMs, maxMs: retryMaxMs) }
        set { (retryMinMs, retryMaxMs) = (newValue.minMs, newValue.maxMs) }
    }
}

extension ReceiverPlan {
    var retry: RetryBounds {
        get { RetryBounds(minMs: retryMinMs, maxMs: retryMaxMs) }
        set { (retryMinMs, retryMaxMs) = (newValue.minMs, newValue.maxMs) }
    }
}
