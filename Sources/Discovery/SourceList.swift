/// Which targets of one source are in force, whatever it answers.
///
/// Unreachable is not empty, and neither is half a list a list:
///
/// | answer | in force |
/// | --- | --- |
/// | failed | what was, without limit |
/// | a target more | at once |
/// | a target less, and the place keeps half of its targets | until the second answer without it |
/// | a place has less than half of its targets, or none | what was, until the grace is over |
///
/// Only answers that say the same bring a removal nearer, each by the time since the answer before it and by one refresh at the
/// most: a source that gives no answer for an hour, or a process that was stopped, confirms nothing meanwhile.
///
/// A target that changes its place, its id or its labels does so at once. One that no pool selects any more is missing: labels
/// may be lost as lists may.
public struct SourceList: Sendable, Equatable {
    /// What does not change while a source is read.
    public struct Times: Sendable, Equatable {
        /// How long a shrunken list is held.
        public var graceMs: Int64
        /// An answer that follows another one sooner is no second answer.
        public var secondAnswerMs: Int64
        /// How much of the time before it one answer vouches for at the most.
        public var answerMs: Int64

        public init(graceMs: Int64, secondAnswerMs: Int64 = 1_000, answerMs: Int64 = 30_000) {
            (self.graceMs, self.secondAnswerMs, self.answerMs) = (graceMs, secondAnswerMs, answerMs)
        }

        /// - Parameters:
        ///   - refreshMs: of the source.
        ///   - takenEveryMs: answers to a busy source are taken up together, so often at the least.
        public static func standard(refreshMs: Int64, takenEveryMs: Int64 = 15_000) -> Times {
            Times(graceMs: max(3 * refreshMs, 60_000), answerMs: max(refreshMs, takenEveryMs))
        }
    }

    /// A target in force.
    private struct Member: Sendable, Equatable {
        var target: ListedTarget
        /// For how long the answers have confirmed that it is not listed; 0 with the first one, nil while it is listed.
        var missingMs: Int64?
        var changes = RecentChanges()
    }

    public let times: Times
    /// In the order of the last answer, those that are missing in it at the end.
    private var members: [Member] = []
    /// Targets that are in no pool, of the last answer.
    public private(set) var leftOut: [ListedTarget] = []
    /// Whether any answer, or a stored list, was taken.
    public private(set) var hasList = false
    /// The list is a stored one: the source itself has not answered yet.
    public private(set) var isStored = false
    /// The answer that is held: how many targets a place had, and how many it is listed with.
    public private(set) var held: (from: Int, to: Int)?
    private var lastAnswerMs: Int64?

    public init(times: Times) { self.times = times }

    /// The targets in force.
    public var targets: [ListedTarget] { members.map(\.target) }

    /// In force, and listed in the last answer.
    public func isListed(_ key: ListedTarget.Key) -> Bool {
        members.contains { $0.target.key == key && $0.missingMs == nil }
    }

    /// Targets that have come and gone more than six times in ten minutes.
    public func flapping(atMs now: Int64) -> [ListedTarget] {
        members.filter { $0.changes.isFlapping(atMs: now) }.map(\.target)
    }

    /// Begins with what was in force when another process ended. Nothing that a source has answered is replaced.
    public mutating func restore(_ listed: [ListedTarget]) {
        guard !hasList else { return }
        (hasList, isStored) = (true, true)
        leftOut = listed.filter { $0.place == nil }
        members = SourceList.unique(listed.filter { $0.place != nil }).map { Member(target: $0) }
    }

    /// Takes a whole answer.
    ///
    /// - Parameter now: of the monotonic clock, milliseconds.
    public mutating func take(_ listed: [ListedTarget], atMs now: Int64) {
        let before = members
        let vouchedMs = lastAnswerMs.map { min(times.answerMs, max(0, now - $0)) } ?? 0
        lastAnswerMs = now
        (hasList, isStored) = (true, false)
        leftOut = listed.filter { $0.place == nil }
        let present = SourceList.unique(listed.filter { $0.place != nil })
        let known = Dictionary(before.map { ($0.target.key, $0) }, uniquingKeysWith: { first, _ in first })
        members = present.map { target in
            var member = known[target.key] ?? Member(target: target)
            member.target = target
            if member.missingMs != nil { member.changes.note(atMs: now) }
            member.missingMs = nil
            return member
        }
        members += missing(before, present, vouchedMs: vouchedMs, atMs: now)
    }

    /// Those that the answer is without and that stay in force for now.
    ///
    /// - Parameter vouchedMs: the time that this answer confirms.
    private mutating func missing(
        _ before: [Member], _ present: [ListedTarget], vouchedMs: Int64, atMs now: Int64
    ) -> [Member] {
        let keys = Set(present.map(\.key))
        let endpoints = Set(present.map(\.key.endpoint))
        let shrunken = shrunkenPlaces(before, present)
        held = shrunken.sorted { $0.key < $1.key }.map(\.value).max { $0.from - $0.to < $1.from - $1.to }
        var kept: [Member] = []
        for var member in before where !keys.contains(member.target.key) {
            // Another process has its address now, so it is gone.
            if endpoints.contains(member.target.key.endpoint) { continue }
            let isNew = member.missingMs == nil
            if isNew { member.changes.note(atMs: now) }
            let isHeld =
                member.target.place.map { shrunken[$0] != nil } ?? false || member.changes.isFlapping(atMs: now)
            let limitMs = isHeld ? times.graceMs : times.secondAnswerMs
            let missingMs = member.missingMs.map { $0 + vouchedMs } ?? 0
            if !isNew, missingMs >= limitMs { continue }
            member.missingMs = missingMs
            kept.append(member)
        }
        if kept.isEmpty { held = nil }
        return kept
    }

    /// Places that the answer gives less than half of the targets that they have.
    private func shrunkenPlaces(
        _ before: [Member], _ present: [ListedTarget]
    ) -> [Int: (from: Int, to: Int)] {
        var shrunken: [Int: (from: Int, to: Int)] = [:]
        for place in Set(before.compactMap(\.target.place)) {
            let from = before.count { $0.target.place == place }
            let to = present.count { $0.place == place }
            if 2 * to < from { shrunken[place] = (from, to) }
        }
        return shrunken
    }

    /// Of targets with the same key the first.
    private static func unique(_ targets: [ListedTarget]) -> [ListedTarget] {
        var seen: Set<ListedTarget.Key> = []
        return targets.filter { seen.insert($0.key).inserted }
    }

    public static func == (left: SourceList, right: SourceList) -> Bool {
        left.times == right.times && left.members == right.members && left.leftOut == right.leftOut
            && left.hasList == right.hasList && left.isStored == right.isStored && left.held?.from == right.held?.from
            && left.held?.to == right.held?.to
    }
}

/// When a target came or went lately.
struct RecentChanges: Sendable, Equatable {
    /// More changes than these in the time are flapping.
    private static let limit = 6
    private static let withinMs: Int64 = 600_000

    /// The newest ones, at most one more than the limit.
    private var timesMs: [Int64] = []

    mutating func note(atMs now: Int64) {
        timesMs.append(now)
        if timesMs.count > RecentChanges.limit + 1 { timesMs.removeFirst() }
    }

    func isFlapping(atMs now: Int64) -> Bool {
        timesMs.count > RecentChanges.limit && now - timesMs[0] <= RecentChanges.withinMs
    }
}
