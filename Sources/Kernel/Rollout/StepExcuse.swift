import Model

/// Whether something outside of a step holds it, so that the time does not count towards its `max`: an operator's pause, a
/// freeze, a closed calendar, a baseline in trouble, steps of its plan, and people who have not answered yet.
enum StepExcuse {
    /// - Parameters:
    ///   - gates: as they were judged last; empty before the first time.
    ///   - doors: the calendar and the freeze, as they are now.
    ///   - isBaselineInTrouble: a rollback is held because the baseline could not take the traffic.
    ///   - isPlanAwaited: nothing but steps of the plan keeps it from its last share.
    static func holds(
        _ rollout: Rollout, gates: [GateResult], doors: [GateResult], isBaselineInTrouble: Bool,
        isPlanAwaited: Bool
    ) -> Bool {
        if rollout.pause != nil || isBaselineInTrouble { return true }
        if rollout.isHalted(.plan) || isPlanAwaited { return true }
        if rollout.isHalted(.baselineSick) || rollout.isHalted(.baselineAway) { return true }
        return doors.contains { !$0.isOpen } || waitsForPeople(rollout, gates)
    }

    /// All that is closed is an approval that was asked for, and that may still be given.
    private static func waitsForPeople(_ rollout: Rollout, _ gates: [GateResult]) -> Bool {
        guard let asked = rollout.gate("approval"), !asked.hasLapsed, rollout.state == .standing else { return false }
        let closed = gates.filter { !$0.isOpen }
        return !closed.isEmpty && closed.allSatisfy { $0.gate == "approval" }
    }
}
