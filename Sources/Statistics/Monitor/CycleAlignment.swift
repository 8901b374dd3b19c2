/// Joins scrape cycles to blocks in which every instance has reported the same stretch of time.
///
/// An instance that misses cycles (a timeout, an answer that comes late) reports everything since its last scrape body
/// in one. Were its siblings' cycles compared without it, a trouble of both pools in the meantime would lie in the
/// siblings' earlier blocks and in the returning instance's last one: a canary that was as sick as all others appears
/// to be sick alone. So a block stays open while an instance that was there at its beginning has not answered, and
/// closes with the first cycle that all of them answered. After ``limitSeconds``, or three cycles, it closes without
/// the missing; what such an instance brings later covers more time than the open block, and is left out. A dead
/// instance must not keep a fault of the others from being seen for long.
///
/// An instance whose scrape body repeats the one before although requests are expected has not answered either: see
/// ``RenewalPace``. And a block is at least as long as the pools' scrape times lie apart, which is what ``SteadyBlocks``
/// needs of a block's neighbours.
///
/// Only which instances answered and for how long is used, never what was counted, so the tests' promises are
/// untouched. While everybody answers, every cycle is a block.
public struct CycleAlignment: Sendable, Equatable {
    /// How long a block waits for an instance; at least three cycles.
    public static let limitSeconds = 15.0

    private struct Member: Sendable, Hashable {
        let isCanary: Bool
        let instance: String
    }

    /// Who answered in the cycle with which the open block began; only they are counted and waited for.
    private var members: Set<Member> = []
    /// Cycles of the open block.
    private var open: [WatchCycle] = []
    private var lastShare: Double?
    private var pace = RenewalPace()
    /// Whose counts the last block held; nil before the first.
    private var lastCounted: Set<Member>?

    public init() {}

    /// Begins a new block now and forgets the open one: the release began, or the traffic split is another.
    public mutating func cut() {
        if let last = open.last { members = Set(CycleAlignment.answered(last)) }
        open = []
    }

    /// Begins a new block after this cycle, which belongs to none.
    public mutating func cut(after cycle: WatchCycle) {
        members = Set(CycleAlignment.answered(pace.withoutUnrenewed(cycle)))
        open = []
        lastCounted = nil
    }

    /// Takes in a cycle. An increment that is `isLate` belongs to the cycle before.
    ///
    /// - Returns: the blocks that it completes, in order; mostly the cycle itself.
    public mutating func take(_ unsorted: WatchCycle) -> [WatchCycle] {
        let cycle = pace.withoutUnrenewed(unsorted)
        if let share = cycle.canaryShare {
            if let lastShare, lastShare != share { cut() }
            lastShare = share
        }
        takeLate(cycle)
        var punctual = cycle
        punctual.baseline = cycle.baseline.filter { !$0.isLate }
        punctual.canary = cycle.canary.filter { !$0.isLate }
        open.append(punctual)
        var blocks: [WatchCycle] = []
        while let last = open.indices.first(where: isComplete) { blocks.append(close(through: last)) }
        let patience = max(
            CycleAlignment.limitSeconds, 3 * cycle.coveredSeconds, 1.1 * pace.longestSeconds, 1.1 * cycle.gapSeconds)
        if openSeconds >= patience, let last = fullest { blocks.append(close(through: last)) }
        return blocks
    }

    private mutating func takeLate(_ cycle: WatchCycle) {
        let late = (cycle.baseline.filter(\.isLate), cycle.canary.filter(\.isLate))
        if let last = open.indices.last {
            open[last].baseline += late.0
            open[last].canary += late.1
        } else {
            // Their cycle is closed; from its end on they are as good as the others.
            for one in late.0 { members.insert(Member(isCanary: false, instance: one.instance)) }
            for one in late.1 { members.insert(Member(isCanary: true, instance: one.instance)) }
        }
    }

    private var openSeconds: Double { open.reduce(0) { $0 + $1.coveredSeconds } }

    private func isComplete(through last: Int) -> Bool {
        guard members.isSubset(of: CycleAlignment.answered(open[last])) else { return false }
        return open[...last].reduce(0) { $0 + $1.coveredSeconds } >= open[last].gapSeconds
    }

    /// The cycle in which most of those who are waited for were there; of several the last.
    private var fullest: Int? {
        open.indices.max { (present(open[$0]), $0) < (present(open[$1]), $1) }
    }

    private func present(_ cycle: WatchCycle) -> Int { members.intersection(CycleAlignment.answered(cycle)).count }

    private static func answered(_ cycle: WatchCycle) -> [Member] {
        cycle.baseline.map { Member(isCanary: false, instance: $0.instance) }
            + cycle.canary.map { Member(isCanary: true, instance: $0.instance) }
    }

    private mutating func close(through last: Int) -> WatchCycle {
        let cycles = open[...last]
        var block = open[last]
        block.coveredSeconds = cycles.reduce(0) { $0 + $1.coveredSeconds }
        block.baseline = sums(cycles.map(\.baseline), isCanary: false, seconds: block.coveredSeconds)
        block.canary = sums(cycles.map(\.canary), isCanary: true, seconds: block.coveredSeconds)
        members = Set(CycleAlignment.answered(open[last]))
        open.removeSubrange(...last)
        let counted = Set(CycleAlignment.answered(block))
        block.hasOtherInstances = lastCounted.map { $0 != counted } ?? false
        lastCounted = counted
        return block
    }

    /// What each instance did over the whole block, in the order of the last cycle.
    private func sums(_ cycles: [[InstanceIncrements]], isCanary: Bool, seconds: Double) -> [InstanceIncrements] {
        guard let last = cycles.last else { return [] }
        var sums: [String: InstanceIncrements] = [:]
        for one in cycles.joined() { sums[one.instance] = sums[one.instance]?.joined(with: one) ?? one }
        return last.compactMap { one in
            if members.contains(Member(isCanary: isCanary, instance: one.instance)) { return sums[one.instance] }
            // A new instance covers the whole block only where that is one cycle, and no more than that.
            let isWhole = cycles.count == 1 && (one.coveredSeconds ?? 0) <= seconds * 1.5
            return isWhole ? one : nil
        }
    }
}

extension InstanceIncrements {
    /// The sum of both. Histograms with other bounds come from other programs; then only the later one is kept.
    func joined(with later: InstanceIncrements) -> InstanceIncrements {
        var sum = later
        func plus(_ one: Double?, _ other: Double?) -> Double? {
            one == nil && other == nil ? nil : (one ?? 0) + (other ?? 0)
        }
        sum.requests = plus(requests, later.requests)
        sum.errors = plus(errors, later.errors)
        sum.coveredSeconds = plus(coveredSeconds, later.coveredSeconds)
        guard let before = latency else { return sum }
        guard var latency = later.latency else {
            sum.latency = before
            return sum
        }
        guard latency.upperBounds == before.upperBounds else { return sum }
        guard latency.cumulative.count == before.cumulative.count else { return sum }
        for index in latency.cumulative.indices { latency.cumulative[index] += before.cumulative[index] }
        latency.count += before.count
        sum.latency = latency
        return sum
    }
}
