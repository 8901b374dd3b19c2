/// A part's turn in the rollback of its unit: the highest rank goes first, and a router that does not answer delays the next
/// rank by two seconds at most.
struct RollbackRank: Sendable, Equatable {
    static let stepMs: Int64 = 2_000

    /// Its router is not called before then; nil without parts before it, or when their routers show 0 %.
    private(set) var untilUptimeMs: Int64?
    private(set) var isSettled = false

    /// - Parameter ranksBefore: so many ranks go first.
    mutating func begin(ranksBefore: Int, at now: Int64) {
        guard !isSettled else { return }
        (isSettled, untilUptimeMs) = (true, ranksBefore > 0 ? now + Int64(ranksBefore) * RollbackRank.stepMs : nil)
    }

    mutating func goAhead() { untilUptimeMs = nil }
}
