import Model

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
            ])
    }
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
