import Model

/// The two pools among a handler's upstreams, and what a share makes of them.
struct CaddyPools: Sendable, Equatable {
    let id: String
    let baseline: [String]
    let canary: [String]
    let method: CaddyPlan.Method

    init(_ plan: CaddyPlan) throws(RouterPlanError) {
        let isName = plan.id.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-_.".utf8.contains(byte)
        }
        guard isName, (1...200).contains(plan.id.utf8.count) else {
            throw RouterPlanError(
                "the id \"\(ShownText.line(plan.id, limit: 80))\" must be letters, digits, '-', '_' and '.'")
        }
        guard !plan.baseline.isEmpty else { throw RouterPlanError("upstreams.baseline names no address") }
        guard !plan.canary.isEmpty else { throw RouterPlanError("upstreams.canary names no address") }
        var seen: Set<String> = []
        for dial in plan.baseline + plan.canary {
            guard !dial.isEmpty, dial == ShownText.line(dial), !dial.contains(" ") else {
                throw RouterPlanError("the upstream \"\(ShownText.line(dial, limit: 80))\" is no address")
            }
            guard seen.insert(dial).inserted else {
                throw RouterPlanError("the upstream \(dial) is named twice; it belongs to one pool, once")
            }
        }
        (id, baseline, canary, method) = (plan.id, plan.baseline, plan.canary, plan.method)
    }

    var readPath: String { "/id/\(id)" }

    var writePath: String {
        switch method {
        case .weights: "/id/\(id)/load_balancing/selection_policy/weights"
        case .upstreams: "/id/\(id)/upstreams"
        }
    }

    var granularityBasisPoints: Int {
        switch method {
        case .weights:
            PoolWeights.granularityBasisPoints(baselineServers: baseline.count, canaryServers: canary.count)
        case .upstreams: 100
        }
    }

    /// The weight of each server of (baseline, canary).
    func weights(_ split: Split) -> (baseline: Int, canary: Int) {
        let isNothing = PoolWeights.isBelowSmallest(
            split, baselineServers: baseline.count, canaryServers: canary.count)
        switch split.canaryBasisPoints {
        case _ where isNothing: return (100, 0)
        case 10_000: return (0, 100)
        default:
            let weights = PoolWeights(split, baselineServers: baseline.count, canaryServers: canary.count)
            return CaddyPools.reduced(weights.baseline, weights.canary)
        }
    }

    /// How often each address of (baseline, canary) is listed. Shares are rounded down to whole percents.
    func repetitions(_ split: Split) -> (baseline: Int, canary: Int) {
        let percent = split.canaryBasisPoints / 100
        switch percent {
        case 0: return (1, 0)
        case 100: return (0, 1)
        default: return CaddyPools.reduced((100 - percent) * canary.count, percent * baseline.count)
        }
    }

    private static func reduced(_ first: Int, _ second: Int) -> (baseline: Int, canary: Int) {
        var (large, small) = (max(first, second), min(first, second))
        while small != 0 { (large, small) = (small, large % small) }
        return (first / max(large, 1), second / max(large, 1))
    }

    func plannedBody(_ split: Split) -> JSONValue {
        switch method {
        case .weights:
            let weights = weights(split)
            return .list(baseline.map { _ in .number(weights.baseline) } + canary.map { _ in .number(weights.canary) })
        case .upstreams: return .list(upstreams(split) { .object([JSONMember(name: "dial", value: .text($0))]) })
        }
    }

    /// The whole list of upstreams, interleaved by nothing: both policies that this is for do not mind the order.
    func upstreams(_ split: Split, _ make: (String) -> JSONValue) -> [JSONValue] {
        let times = repetitions(split)
        return baseline.flatMap { Array(repeating: make($0), count: times.baseline) }
            + canary.flatMap { Array(repeating: make($0), count: times.canary) }
    }
}
