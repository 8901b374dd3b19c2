import Model

/// Reads again and tries again after a conflict: a rollback has to win, any other share gives up, because a client that
/// changes the split at the same time may have a reason.
enum ConflictRetry {
    static let rollbackAttempts = 3

    /// - Parameter work: gets whether this is the last attempt.
    static func run(
        _ split: Split, deadline: Deadline, _ work: (_ isLast: Bool) async throws(Refusal) -> Void
    ) async throws(Refusal) {
        var left = split == .allBaseline ? rollbackAttempts : 1
        while true {
            left -= 1
            do {
                return try await work(left == 0)
            } catch {
                guard error.outcome == .conflict, left > 0, deadline.remainingMs > 0 else { throw error }
            }
        }
    }
}
