import NIOPosix

extension GrayRouter {
    /// Takes up what a centre says. The strategy comes before the share, so that a greater share never goes to those whom
    /// the old strategy would have chosen. What is in force already changes nothing.
    ///
    /// - Returns: what changed: `share 10 %`, `strategy`; empty when nothing did.
    /// - Throws: ``GrayRouterError``, also when a greater share cannot be saved.
    package func follow(_ policy: RouterPolicy) async throws -> [String] {
        guard let running = runningNow else { throw GrayRouterError.notRunning }
        var changes: [String] = []
        if let strategy = policy.strategy, strategy != running.configuration.current.strategy {
            var next = running.configuration.current
            next.strategy = strategy
            _ = try await reload(next)
            changes.append("strategy")
        }
        guard let share = policy.canaryBasisPoints, share != running.store.current.canaryBasisPoints else {
            return changes
        }
        let store = running.store
        let refusal = try await NIOThreadPool.singleton.runIfActive { () -> SplitStore.Refusal? in
            let change = SplitStore.Change(
                canaryBasisPoints: share, precondition: nil, idempotencyKey: nil, body: [])
            switch store.change(change, answer: { _ in .json(.ok, "{}") }) {
            case .success: return nil
            case .failure(let refusal): return refusal
            }
        }
        switch refusal {
        case nil: break
        case .notSaved(let error), .inForceButNotSaved(let error): throw error
        case .closed, .otherRevision, .keyReused: throw GrayRouterError.notRunning
        }
        return changes + ["share \(AdminAPI.percent(share)) %"]
    }
}
