import Model

/// What an operator should fix, in a fixed order, one sentence each.
struct ReleaseWarnings {
    private(set) var texts: [String]
    /// Beyond it neither targets nor rules add any.
    private static let limit = 20

    init(_ release: Release, at now: Moment) {
        texts = release.unreadableEntries + release.plan.remarks.prefix(10)
        texts += release.schemaWarnings(at: now)
        texts += release.targetHealth.warnings.prefix(10)
        texts += [release.pools.baseline.fallback(of: "baseline"), release.pools.canary.fallback(of: "canary")]
            .compactMap { $0 }
        add(targetsOf: release.pools.baseline)
        add(targetsOf: release.pools.canary)
        if release.phase == .watching { add(obstaclesOf: release.rules) }
        add(release.poll.observations)
        if release.phase == .rolledBack, let reason = release.heldReason {
            texts.append("the canary has traffic again and is left with it: \(reason)")
        }
        add(planOf: release.rollback)
        if let forward = release.forward, forward.run.isOpen, forward.run.current.contains(where: \.needsOperator) {
            texts.append("the plan of \(forward.id): \(forward.run.text)")
        }
        texts += release.stepWatch.failingTexts
        if release.driftGuard.stray.isNoticeable(below: release.plan.proof) {
            texts.append("the canary has traffic although it was rolled back")
        }
    }

    private mutating func add(planOf rollback: RollbackProcess?) {
        guard let rollback, let plan = rollback.incident.procedure else { return }
        if plan.isStuck { texts.append("the plan of \(rollback.id): \(plan.text)") }
        guard !rollback.incident.isRearmed else { return }
        for step in plan.steps where step.isWatched && step.state != .proved && texts.count < Self.limit {
            texts.append("the plan of \(rollback.id): \(step.plan.name) \(step.stateText)")
        }
    }

    private mutating func add(targetsOf pool: PoolState) {
        for target in pool.targets {
            for warning in target.warnings where texts.count < Self.limit {
                texts.append("\(pool.version) \(target.instance): \(warning)")
            }
        }
    }

    /// What keeps the rules from being evaluated as they are meant.
    private mutating func add(obstaclesOf rules: RuleEngine) {
        for obstacle in rules.evaluations.compactMap({ $0?.obstacles }).joined() where texts.count < Self.limit {
            if !texts.contains(obstacle) { texts.append(obstacle) }
        }
    }

    private mutating func add(_ observations: [RouterObservation]) {
        for observation in observations {
            if let problem = observation.problem { texts.append("router \(observation.instance): \(problem)") }
        }
    }
}
