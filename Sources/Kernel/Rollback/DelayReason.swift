/// Why a rollback is not acknowledged yet, for its operators.
struct DelayReason {
    let state: RollbackState
    let proof: Proof
    let drain: Drain?
    let answers: RouterAnswers
    /// Calls of this process.
    let attempts: Int

    var text: String {
        if proof.zeroSinceUptimeMs != nil {
            return "the router shows 0 %, but \(proof.obstacle ?? "no scrape cycle has ended since")"
        }
        if let drain { return drain.record.text }
        if let text = answers.text { return text }
        if attempts > 0 { return "the router does not answer" }
        if case .awaitingDurable = state { return "the journal is not durable" }
        return "the daemon was restarted before the router was called"
    }
}
