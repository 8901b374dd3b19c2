import Model
import Support

/// What the targets themselves say of their versions.
enum VersionCheck {
    static func mismatch(_ facts: RolloutFacts, version: String) -> String? {
        let others = facts.canary.targets.filter { $0.toldVersion != nil && $0.toldVersion != version }
        guard let first = others.first, let told = first.toldVersion else { return nil }
        let more = others.count > 1 ? " and \(others.count - 1) more" : ""
        return "\(first.instance)\(more) of the canary says that it runs \(told), not \(version)"
    }

    static func overlap(_ facts: RolloutFacts, _ version: String) -> String? {
        facts.baseline.targets.first { $0.toldVersion == version }.map {
            "\($0.instance) of the baseline says that it runs \(version), the canary's version"
        }
    }
}

/// What has to hold before the first share: nothing was moved yet, so what is missing here never leads to a rollback.
enum StartConditions {
    /// One sentence for each that is missing; empty when the first step may be taken.
    static func missing(_ facts: RolloutFacts, settings: RolloutPlan) -> [String] {
        var missing = routerProblems(facts)
        let (ready, all) = (facts.canary.healthyTargets, facts.canary.targets.count)
        let needed = min(settings.minReady ?? all, all)
        if all == 0 {
            missing.append("the place has no targets")
        } else if ready < needed {
            missing.append("\(ready) of \(all) targets of the canary answer, \(needed) have to")
        }
        if facts.baseline.healthyTargets == 0 { missing.append("no target of the baseline answers") }
        if let problem = facts.schemaOfCanary?.problem { missing.append(problem) }
        missing += overlaps(facts)
        return missing
    }

    private static func routerProblems(_ facts: RolloutFacts) -> [String] {
        if facts.observations.isEmpty { return ["the router was not read yet"] }
        if let problem = facts.observations.problem { return ["the router: \(problem)"] }
        if facts.observations.areUnreadable { return ["the router has no read-back, so no step can be confirmed"] }
        if let share = facts.observations.canaryShare, share > 0 {
            return ["the router gives the place \(NumberText.percent(Double(share) / 10_000)) already"]
        }
        return facts.observations.showNothing ? [] : ["not every instance of the router can be read"]
    }

    /// The same address in both pools would be compared with itself.
    static func overlaps(_ facts: RolloutFacts) -> [String] {
        let theirs = facts.plan.baseline.targets
        return facts.plan.canary.targets.filter { mine in
            theirs.contains { $0.url == mine.url && $0.unixSocket == mine.unixSocket }
                && facts.plan.canary.match == facts.plan.baseline.match
        }.prefix(3).map { "\($0.instance) is a target of both places" }
    }
}
