import Model
import Support

/// A rollout that waits for an operator is reported again and again, a bounded number of times. The time of the newest reminder is
/// in the journal and therefore by the wall clock, so that a restart neither doubles a reminder nor leaves one out.
enum OperatorReminder {
    private static let everyMs: Int64 = 4 * 3_600_000
    /// The longest life of a rollout, 14 days.
    private static let limit = 84

    /// What to remind of now; nil while nothing is due.
    ///
    /// - Parameter others: halts of the other parts of a unit.
    static func due(_ rollout: Rollout, others: [Rollout.Halt] = [], atWallMs now: Int64) -> String? {
        guard let since = rollout.waitsForOperatorSinceWallMs, rollout.reminders < limit,
            now - (rollout.remindedWallMs ?? since) >= everyMs
        else { return nil }
        let time = NumberText.wait(seconds: Double(max(0, now - since)) / 1_000)
        return "\(rollout.version.text) waits for an operator since \(time): \(reasons(rollout, others))"
    }

    private static func reasons(_ rollout: Rollout, _ others: [Rollout.Halt]) -> String {
        let pause = rollout.pause.map { ["paused by \($0.by): \($0.reason)"] } ?? []
        let own = rollout.halts.filter { !$0.reason.endsByItself }
        let halts = own + others.filter { !own.contains($0) }
        return (pause + halts.map { "halted (\($0.reason.rawValue)): \($0.text)" }).joined(separator: "; ")
    }
}
