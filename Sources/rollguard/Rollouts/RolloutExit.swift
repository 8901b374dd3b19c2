/// Exit codes of the commands that lead a release, beside those of ``Failure``.
enum RolloutExit {
    /// Ended otherwise than wanted: rolled back, aborted, withdrawn, expired.
    static let ended: Int32 = 1
    /// `--timeout` is over; the rollout continues.
    static let timeout: Int32 = 4
    /// Halted, with `--fail-on halted`.
    static let halted: Int32 = 5
    static let superseded: Int32 = 6
    /// The daemon refuses the order.
    static let refused: Int32 = 7
}
