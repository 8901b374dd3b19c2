import Model

/// Whether the targets of a release are known and there are any, for operators: it decides nothing.
struct TargetHealth: Sendable, Equatable {
    /// What is to be reported.
    enum Change: Equatable {
        /// What has not been reported yet, one or more sentences.
        case unusable(reason: String)
        case usable
    }

    /// As the sources were last reported; nil before that.
    var sources: TargetSourcesState?
    /// Sentences about pools without targets in a release under way.
    private var empty: [String] = []
    /// The sentences that were reported and still hold.
    private var reported: Set<String> = []

    /// What the journal says was reported; empty once the present state is known.
    private var restored = ""

    /// Operators were notified, and not yet that it is over.
    var isReported: Bool { !reported.isEmpty || !restored.isEmpty }

    /// Each reason once, in a fixed order.
    private var problems: [String] { (sources?.stale ?? []) + empty }

    /// One sentence each.
    var warnings: [String] { problems + (sources?.remarks ?? []) }

    /// All reasons together; nil without any.
    var problem: String? { problems.isEmpty ? nil : problems.joined(separator: "; ") }

    /// - Parameters:
    ///   - empty: pools that are watched and have no targets, a sentence each.
    ///   - isKnown: the sources have said what they list; before that nothing is over.
    mutating func take(empty: [String], isKnown: Bool) -> Change? {
        self.empty = empty
        let problems = problems
        let wasReported = isReported
        if !restored.isEmpty { reported.formUnion(problems.filter { restored.contains($0) }) }
        let new = problems.filter { !reported.contains($0) }
        if !new.isEmpty {
            reported = reported.intersection(problems).union(new)
            return .unusable(reason: new.joined(separator: "; "))
        }
        guard isKnown else { return nil }
        restored = ""
        reported.formIntersection(problems)
        return wasReported && !isReported ? .usable : nil
    }

    /// The journal has this report, one or more sentences.
    mutating func restore(reason: String) { restored += reason + "\n" }

    /// The journal says that it was over.
    mutating func restoreUsable() { restored = "" }
}

extension PoolPair {
    /// Pools without targets, a sentence each.
    var emptyPools: [String] {
        [("baseline", baseline), ("canary", canary)].filter { $0.1.targets.isEmpty }.map { name, pool in
            "the \(name) \(pool.version) has no targets, so no rule can be judged"
        }
    }
}
