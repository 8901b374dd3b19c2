/// How long the proof of a rollback takes. `check` and the kernel use the same figures, so that a deadline that `check`
/// accepts can be met by a router that does everything right.
extension ProofPlan {
    /// The expected number of requests, at the rate `below`, in the shortest silence that counts as proof.
    ///
    /// With Poisson arrivals at the rate `below`, the probability of no request in the silence is exp(-3), just under 5 %.
    public static let expectedRequests = 3.0

    /// A rate so low that it would take years to distinguish from zero must not overflow the arithmetic.
    private static let longestSilenceMs = 1e14

    /// The shortest counted silence that distinguishes `below` from a higher rate, milliseconds. 6 000 for the default
    /// of 0.5/s.
    ///
    /// A rate of 0 cannot be proven in finite time; the silence of the default rate is asked for then.
    public var silenceMs: Int64 {
        let rate = belowPerSecond > 0 ? belowPerSecond : ProofPlan().belowPerSecond
        return Int64(min(ProofPlan.expectedRequests / rate * 1_000, ProofPlan.longestSilenceMs).rounded(.up))
    }
}

extension ReleasePlan {
    /// Scrape cycles that the shortest proof needs, all of them begun after the router showed 0 %.
    public var shortestProofCycles: Int64 {
        let interval = max(1, scrape.intervalMs)
        let forSilence = (proof.silenceMs + interval - 1) / interval
        return max(forSilence, Int64(proof.cycles) + (scrape.lateAfterMs == nil ? 0 : 1))
    }

    /// The most that the proof takes where nothing goes wrong, milliseconds, from the observation of 0 % to the end of the
    /// last cycle it needs: the cycle in which the observation falls does not count, and the first one after it may begin
    /// a whole interval later.
    public var shortestProofMs: Int64 {
        (shortestProofCycles + 1) * max(1, scrape.intervalMs) + scrape.timeoutMs
    }
}
