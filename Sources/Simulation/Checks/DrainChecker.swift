import Model

/// A rollback sets no share but zero, unless it goes in steps; and a step only takes: at the last read-back every
/// instance that reports the truth gave the canary as much or more.
struct DrainChecker {
    private var readBacks: [RouterCall?]
    /// Steps that are held, by release.
    private var held: [Bool]

    init(releases: Int) {
        readBacks = Array(repeating: nil, count: releases)
        held = Array(repeating: false, count: releases)
    }

    mutating func observed(_ call: RouterCall) { readBacks[call.release] = call }

    mutating func turned(release: Int) { readBacks[release] = nil }

    /// A held step continues when the baseline is well again, or when an operator asks for it; nothing that a router
    /// does pushes the rest over.
    mutating func appended(_ entry: JournalEntry, release: Int) -> String? {
        guard case .draining(let record) = entry.event else {
            if case .intended = entry.event { held[release] = false }
            return nil
        }
        defer { held[release] = record.isHeld }
        guard held[release], record.isLastStep, let remark = record.remark else { return nil }
        let isAllowed =
            remark.hasPrefix("ada: ") || remark.contains("requests fail")
            || remark.contains("no target of the canary") || remark.contains("no steps any more")
        return isAllowed ? nil : "a held step is cut short: \(remark)"
    }

    mutating func restarted(_ entries: [JournalEntry], names: [String]) {
        for index in held.indices { held[index] = false }
        for entry in entries {
            guard let index = names.firstIndex(of: entry.release) else { continue }
            _ = appended(entry, release: index)
        }
    }

    func applies(release: Int, split: Split, plan: ReleasePlan?) -> String? {
        guard split != .allBaseline else { return nil }
        let wanted = split.canaryBasisPoints
        guard plan?.drain != nil else { return "\(wanted) bp are set, and the release has no steps" }
        guard let readBack = readBacks[release] else { return "\(wanted) bp are set without a read-back" }
        for instance in readBack.truth.indices where !readBack.lies[instance] {
            guard let share = readBack.truth[instance] else {
                return "\(wanted) bp are set, and instance \(instance) was not reached before"
            }
            if share < wanted { return "\(wanted) bp are set, and instance \(instance) gave the canary \(share)" }
        }
        return nil
    }
}
