import Model

/// What the rules ask for together.
extension RuleEngine {
    /// Firing rules that ask for a rollback and are breached in this cycle: the one that has been active for the longest
    /// first, then by name.
    var wanting: [Int] {
        let wanting = rules.indices.filter { index in
            alerts[index].phase == .firing && rules[index].action == .rollback
                && evaluations[index]?.evidence.verdict == .breached
        }
        guard wanting.count > 1 else { return wanting }
        return wanting.sorted { left, right in
            let since = (alerts[left].activeSinceWallMs ?? 0, alerts[right].activeSinceWallMs ?? 0)
            return since.0 != since.1 ? since.0 < since.1 : rules[left].name < rules[right].name
        }
    }

    /// A rule that asks for a rollback is firing, whatever this cycle says.
    var isRollbackWanted: Bool { isFiring(.rollback) }

    /// A rule that asks to stay where the release is.
    var isHoldWanted: Bool { isFiring(.hold) }

    private func isFiring(_ action: RulePlan.Action) -> Bool {
        alerts.indices.contains { alerts[$0].phase == .firing && rules[$0].action == action }
    }

    /// A breach that the baseline has as well says nothing against the canary, nor does what the canary shows before a whole
    /// window has passed without it.
    func isSharedTrouble(_ index: Int, at now: Moment) -> Bool {
        alerts[index].sharedTroubleUntilUptimeMs.map { now.uptimeMs < $0 } ?? false
    }

    /// One sentence about a release whose rules ask for nothing.
    ///
    /// - Parameter routerProblem: a release whose router could not take the canary out is not in good hands, however well it
    ///   does.
    func summary(routerProblem: String?) -> String {
        // What is about to happen comes before what another rule does not know.
        let firing = names(in: .firing)
        if !firing.isEmpty { return "firing: \(firing.joined(separator: ", "))" }
        let pending = names(in: .pending)
        if !pending.isEmpty { return "pending: \(pending.joined(separator: ", "))" }
        if let reason = inconclusiveReason { return "inconclusive: \(reason)" }
        let verdict = rules.isEmpty ? "no rules" : "all rules healthy"
        return routerProblem.map { "the router cannot be used: \($0) (\(verdict))" } ?? verdict
    }

    private func names(in phase: AlertState.Phase) -> [String] {
        rules.indices.filter { alerts[$0].phase == phase }.map { rules[$0].name }
    }

    /// Of the first rule without a verdict.
    private var inconclusiveReason: String? {
        for index in evaluations.indices {
            if case .inconclusive(let reason)? = evaluations[index]?.evidence.verdict { return reason }
        }
        return nil
    }
}
