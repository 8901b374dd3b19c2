import Model
import Support

/// The reasons why the daemon itself lets nothing go up. Those that end by themselves end after three cycles without them.
struct HaltWatch: Sendable, Equatable {
    private static let calmCycles = 3

    /// Cycles in a row without the reason, for those that are in force.
    private var calm: [Calm] = []

    private struct Calm: Sendable, Equatable {
        let reason: HaltReason
        var cycles: Int
    }

    enum Change: Equatable {
        case halt(HaltReason, String)
        case unhalt(HaltReason)
    }

    /// - Parameter present: what holds in this cycle, each reason once.
    mutating func changes(_ present: [Rollout.Halt], of rollout: Rollout) -> [Change] {
        var changes: [Change] = []
        for halt in present where !rollout.isHalted(halt.reason) { changes.append(.halt(halt.reason, halt.text)) }
        var kept: [Calm] = []
        for halt in rollout.halts where halt.reason.endsByItself {
            if present.contains(where: { $0.reason == halt.reason }) { continue }
            let cycles = (calm.first { $0.reason == halt.reason }?.cycles ?? 0) + 1
            if cycles >= HaltWatch.calmCycles {
                changes.append(.unhalt(halt.reason))
            } else {
                kept.append(Calm(reason: halt.reason, cycles: cycles))
            }
        }
        calm = kept
        return changes
    }
}

/// What lets nothing go up in this cycle, of the reasons that end by themselves.
enum HaltReasons {
    /// A share above nothing that brings no request for so long is no evidence of anything.
    private static let quietLimitMs: Int64 = 60_000

    /// - Parameter baselineTargets: that answered when the rollout began, or that an operator accepted.
    static func present(
        _ facts: RolloutFacts, settings: RolloutPlan, rollout: Rollout, gates: [GateResult], baselineTargets: Int,
        quietMs: Int64,
        isClockDoubtful: Bool, isJournalFailing: Bool
    ) -> [Rollout.Halt] {
        var present: [Rollout.Halt] = []
        func add(_ reason: HaltReason, _ text: String?) {
            if let text { present.append(Rollout.Halt(reason: reason, text: text)) }
        }
        add(.baselineSick, facts.heldReason)
        let healthy = facts.baseline.healthyTargets
        // A pool whose targets are discovered may be made smaller; one that is empty serves nothing.
        let needed =
            facts.plan.discovery == nil
            ? baselineTargets : min(baselineTargets, max(1, facts.plan.baseline.targets.count))
        if rollout.step > 0, healthy < needed {
            add(.baselineAway, "\(healthy) of \(needed) targets of the baseline answer")
        }
        add(.mismatch, VersionCheck.mismatch(facts, version: rollout.version.version))
        add(.overlap, StartConditions.overlaps(facts).first ?? VersionCheck.overlap(facts, rollout.version.version))
        if settings.checksShare { add(.share, facts.shareProblem) }
        if rollout.state == .standing, rollout.basisPoints(ofStep: rollout.step) > 0, quietMs >= quietLimitMs {
            add(.noTraffic, "the canary has had no request for \(NumberText.wait(seconds: Double(quietMs) / 1_000))")
        }
        // A gate that is closed alone waits for people, so that they hear of it.
        let closed = gates.filter { !$0.isOpen }
        if rollout.state == .standing, closed.count == 1, closed[0].gate == "capacity" {
            add(.capacity, closed[0].text)
        }
        // What is not known of the schema was known when the rollout began.
        switch facts.schemaOfCanary {
        case .absent(let text), .contracted(let text), .dirty(let text), .running(let text):
            add(.schema, text)
        case nil, .fits, .unknown: break
        }
        add(.plan, facts.road.halt)
        if isJournalFailing { add(.journal, "the journal cannot be written") }
        if isClockDoubtful { add(.clock, "the wall clock was set") }
        return present
    }
}

/// A wall clock that jumps against the monotonic one: windows and times of people mean nothing for a while.
struct ClockWatch: Sendable, Equatable {
    private static let toleranceMs: Int64 = 120_000
    private static let doubtMs: Int64 = 300_000

    private var last: Moment?
    private var doubtfulUntilUptimeMs: Int64?

    mutating func see(_ now: Moment) {
        defer { last = now }
        guard let last else { return }
        let driftMs = (now.wallMs - last.wallMs) - (now.uptimeMs - last.uptimeMs)
        if abs(driftMs) > ClockWatch.toleranceMs { doubtfulUntilUptimeMs = now.uptimeMs + ClockWatch.doubtMs }
    }

    func isDoubtful(at now: Moment) -> Bool { doubtfulUntilUptimeMs.map { now.uptimeMs < $0 } ?? false }
}
