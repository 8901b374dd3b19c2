import Model

/// Targets that come and go while a release is watched. It is no reload: windows, evidence and the timers of the rules
/// continue with the other targets.
extension Release {
    /// The sources list these targets now.
    mutating func take(_ next: TargetLists, _ context: inout StepContext) {
        guard next.revision > lists?.revision ?? -1 else { return }
        lists = next
        followLists(&context)
    }

    /// What the sources are like now.
    mutating func take(_ state: TargetSourcesState, _ context: inout StepContext) {
        guard configured.discovery != nil || !configured.hostNames.isEmpty else { return }
        targetHealth.sources = state
        watchTargets(&context)
    }

    /// Reports sources that give no list and pools that are empty, once each.
    mutating func watchTargets(_ context: inout StepContext) {
        let isDiscovering = configured.discovery != nil
        guard isDiscovering || targetHealth.sources != nil || targetHealth.isReported else { return }
        if !isDiscovering, lists == nil { targetHealth.sources = nil }
        let isKnown =
            isDiscovering
            ? targetHealth.sources != nil && lists != nil
            : targetHealth.sources != nil || configured.hostNames.isEmpty
        let empty = isDiscovering && phase == .watching && lists != nil ? pools.emptyPools : []
        if let change = targetHealth.take(empty: empty, isKnown: isKnown) { notices.report(change, &context) }
    }

    /// Brings the pools into line with the lists, as far as a rollback allows it.
    ///
    /// - Parameter isCycleEnding: what the running cycle's targets have reported is known.
    mutating func followLists(_ context: inout StepContext, isCycleEnding: Bool = false) {
        guard let lists else { return }
        configured = configured.with(lists)
        let wanted = configured.assigned(rollouts.deployment)
        let contested = isCycleEnding ? contestedTargets(wanted, at: context.now) : []
        let next = inForce(wanted, except: contested)
        guard next.baseline.targets != plan.baseline.targets || next.canary.targets != plan.canary.targets else {
            return
        }
        change(to: next, &context)
    }

    /// The plan as a rollback that is open allows it: the canary's targets stay until it is closed.
    ///
    /// - Parameter contested: addresses of targets that are not kept.
    mutating func inForce(_ wanted: ReleasePlan, except contested: Set<String> = []) -> ReleasePlan {
        let mayChange = wanted.discovery != nil || plan.canary.targets.contains { $0.address != nil }
        isCanaryKept = mayChange && rollback?.isOpen == true && wanted.hasVersions(of: plan)
        guard isCanaryKept else { return wanted }
        let kept = wanted.keeping(canaryOf: plan, except: contested)
        // The proof does not take the baseline its last targets: without them nothing is known of who serves everything now.
        guard kept.baseline.targets.isEmpty else { return kept }
        return wanted.keeping(canaryOf: plan, except: Set(wanted.baseline.targets.map(\.instance)))
    }

    /// Targets that are kept in the canary, that the lists name as the baseline's, and that still serve, or do not report, after
    /// twice the time of a proof. Either the list is right, and what they serve is the baseline's traffic, which never ends; or the
    /// list is wrong, and they serve the canary past the router. The scrapes do not distinguish the two, so such a target is neither
    /// evidence for traffic of the canary nor for its absence: it moves to the baseline, and the rollback is acknowledged as
    /// unproven. A target that says itself that it runs the canary's version is believed more than the list.
    private func contestedTargets(_ wanted: ReleasePlan, at now: Moment) -> Set<String> {
        guard isCanaryKept, let proof = rollback?.proof, !proof.isComplete, let since = proof.zeroSinceUptimeMs,
            now.uptimeMs - since >= 2 * max(plan.proof.silenceMs, Int64(plan.proof.cycles) * plan.scrape.intervalMs)
        else { return [] }
        let listed = Set(wanted.baseline.targets.map(\.instance))
        let contested = pools.canary.targets.filter { target in
            listed.contains(target.instance) && target.toldVersion != plan.canary.version && target.cycleRequests != 0
        }
        return Set(contested.map(\.instance))
    }

    private mutating func change(to next: ReleasePlan, _ context: inout StepContext) {
        var change = TargetsRecord(from: plan, to: next)
        noteGone(next.canary)
        pools.adopt(next, from: plan)
        plan = next
        change.restartsComparison = restartComparisonIfDue()
        context.record(.targetsChanged(change), release: name)
        context.log(.info, name, change.text)
        context.emit(.poolsChanged(release: name))
    }

    /// During a rollback two kinds of targets leave the canary: one whose address has another process now, and one that the lists
    /// name as the baseline's and that does not become silent. Whether they serve the canary cannot be seen any more.
    private mutating func noteGone(_ next: PoolPlan) {
        guard rollback?.isOpen == true else { return }
        rollback?.noteUnseen(targets: pools.servingTargets(of: plan.canary, missingIn: next))
    }

    /// The margin of the statistical comparison follows from the number of instances. A change of few keeps it; with more it
    /// would be the margin of other pools.
    private mutating func restartComparisonIfDue() -> Bool {
        let now = ComparedTargets(plan)
        guard rules.regression.isComparing else {
            comparedTargets = now
            return false
        }
        guard now.differsByMoreThanAThird(from: comparedTargets) else { return false }
        comparedTargets = now
        rules.regression.restart()
        rollouts.running?.comparisonRestarted()
        stepWitness.comparisonRestarted()
        return true
    }
}

/// Which targets the statistical comparison began with.
struct ComparedTargets: Sendable, Equatable {
    private let baseline: Set<String>
    private let canary: Set<String>

    init(_ plan: ReleasePlan) {
        baseline = Set(plan.baseline.targets.map(\.instanceKey))
        canary = Set(plan.canary.targets.map(\.instanceKey))
    }

    func differsByMoreThanAThird(from other: ComparedTargets) -> Bool {
        ComparedTargets.differ(baseline, other.baseline) || ComparedTargets.differ(canary, other.canary)
    }

    /// By the instances that came or went, whichever are more, as a part of the larger list.
    private static func differ(_ one: Set<String>, _ other: Set<String>) -> Bool {
        let changed = max(one.subtracting(other).count, other.subtracting(one).count)
        return 3 * changed > max(one.count, other.count)
    }
}

extension TargetPlan {
    /// Differs for another process at the same address, where the source identifies processes.
    var instanceKey: String { uniqueID.map { "\(instance) \($0)" } ?? instance }
}

extension ReleasePlan {
    /// These targets, with the canary's of another plan kept in the canary: a rollback is proven by the processes that were the
    /// canary when it began, wherever the sources list them meanwhile. One whose address is listed with another id is gone.
    ///
    /// - Parameter contested: addresses of targets that go where the sources list them.
    fileprivate func keeping(canaryOf other: ReleasePlan, except contested: Set<String>) -> ReleasePlan {
        let listed = Dictionary(
            (baseline.targets + canary.targets).map { ($0.instance, $0) }, uniquingKeysWith: { first, _ in first })
        let kept = other.canary.targets.filter { target in
            guard !contested.contains(target.instance) else { return false }
            return listed[target.instance].map { $0.uniqueID == target.uniqueID } ?? true
        }
        let names = Set(kept.map(\.instance))
        var next = self
        next.baseline.targets.removeAll { names.contains($0.instance) }
        next.canary.targets.removeAll { names.contains($0.instance) }
        next.canary.targets = (kept + next.canary.targets).sorted { $0.instance < $1.instance }
        return next
    }
}

extension TargetsRecord {
    /// What differs between the targets of two plans.
    init(from old: ReleasePlan, to new: ReleasePlan) {
        let (before, after) = (TargetsRecord.places(old), TargetsRecord.places(new))
        func names(_ keys: some Sequence<TargetPlan>, _ places: [TargetPlan: Pool]) -> [String] {
            keys.map { "\(places[$0]?.rawValue ?? "") \($0.instance)" }.sorted()
        }
        self.init(
            baseline: new.baseline.targets.count, canary: new.canary.targets.count,
            added: names(after.keys.filter { before[$0] == nil }, after),
            removed: names(before.keys.filter { after[$0] == nil }, before),
            moved: names(after.keys.filter { before[$0] != nil && before[$0] != after[$0] }, after))
    }

    private static func places(_ plan: ReleasePlan) -> [TargetPlan: Pool] {
        Dictionary(
            plan.baseline.targets.map { ($0, Pool.baseline) } + plan.canary.targets.map { ($0, Pool.canary) },
            uniquingKeysWith: { first, _ in first })
    }
}
