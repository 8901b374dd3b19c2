/// Waits until a router that takes changes over by itself (a watched file, a poll) has done so.
///
/// A driver's `apply` ends with it, so that the read-back that follows finds the new split and not the old one a moment
/// too early. It is an optimization: only the read-back decides.
enum Propagation {
    /// Routers poll every 100 ms to 2 s; a slower one is found by a later read-back.
    static let limitMs: Int64 = 3_000
    private static let pauseMs: Int64 = 50

    /// - Parameter isSettled: asks the router; a refusal ends the wait.
    /// - Returns: why it could not be asked, as the outcome of the whole call: what was written is written, and whether
    ///   this instance has it is not known.
    static func wait(
        deadline: Deadline, until isSettled: () async throws(Refusal) -> Bool
    ) async -> Refusal? {
        // A slow disk may have used the time up; then a later read-back shows it.
        guard deadline.remainingMs > 0 else { return nil }
        let own = Deadline(afterMs: min(limitMs, deadline.remainingMs))
        do throws(Refusal) {
            while try await !isSettled() {
                let isOver = own.remainingMs <= pauseMs
                if isOver { return nil }
                guard (try? await Task.sleep(for: .milliseconds(pauseMs))) != nil else { return nil }
            }
            return nil
        } catch {
            return Refusal(.unknown, "the weights are written, but this instance cannot be asked: \(error.detail)")
        }
    }
}
