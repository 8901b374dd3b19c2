import Model

/// A `reverse_proxy` handler as the admin API shows it: what matters for a split.
struct CaddyHandler: Sendable {
    private let upstreams: [JSONValue]
    private let dials: [String]
    private let policy: String
    private let weights: [Int]?

    init(_ document: JSONValue, id: String) throws(Refusal) {
        guard case .list(let upstreams)? = document["upstreams"] else {
            throw Refusal(.rejected, "\"\(id)\" is no reverse_proxy handler with upstreams")
        }
        self.upstreams = upstreams
        dials = upstreams.map { $0["dial"]?.plainText ?? "" }
        let selection = document["load_balancing"]?["selection_policy"]
        policy = selection?["policy"]?.plainText ?? "random"
        if case .list(let numbers)? = selection?["weights"] {
            weights = numbers.map {
                if case .number(let number) = $0, number.value >= 0 { Int(number.value) } else { -1 }
            }
        } else {
            weights = nil
        }
    }

    // MARK: Reading

    /// The canary's share, and what is odd. Nil where the handler does not have a share that can be read.
    func share(_ pools: CaddyPools) -> (Int?, problem: String?) {
        let strangers = dials.filter { !pools.baseline.contains($0) && !pools.canary.contains($0) }
        guard strangers.isEmpty else {
            return (nil, "the upstream \(strangers.prefix(5).joined(separator: ", ")) is in neither pool")
        }
        switch pools.method {
        case .weights: return weightedShare(pools)
        case .upstreams: return countedShare(pools)
        }
    }

    private func weightedShare(_ pools: CaddyPools) -> (Int?, problem: String?) {
        if let problem = weightsProblem { return (nil, problem) }
        let missing = pools.canary.filter { !dials.contains($0) }
        guard missing.isEmpty else { return (nil, "there is no upstream \(missing.joined(separator: ", "))") }
        let sums = sums(pools, weights ?? [])
        let share = Share.basisPoints(canary: Double(sums.canary), baseline: Double(sums.baseline))
        return (share, share == nil ? "all weights are 0" : nil)
    }

    private var weightsProblem: String? {
        guard policy == "weighted_round_robin" else {
            return "the selection policy is \(policy), not weighted_round_robin (for an older Caddy: method: upstreams)"
        }
        guard let weights else { return "weighted_round_robin without weights" }
        // Caddy takes a list that is too short, and then the shares are unknown.
        guard weights.count == dials.count, !weights.contains(-1) else {
            return "\(weights.count) weights for \(dials.count) upstreams"
        }
        return nil
    }

    private func countedShare(_ pools: CaddyPools) -> (Int?, problem: String?) {
        let sums = sums(pools, dials.map { _ in 1 })
        if sums.canary == 0 {
            return sums.baseline > 0 ? (0, nil) : (nil, "there is no upstream")
        }
        guard ["random", "round_robin"].contains(policy) else {
            return (nil, "the selection policy \(policy) does not share by how often an upstream is listed")
        }
        return (Share.basisPoints(canary: Double(sums.canary), baseline: Double(sums.baseline)), nil)
    }

    private func sums(_ pools: CaddyPools, _ weights: [Int]) -> (baseline: Int, canary: Int) {
        var sums = (baseline: 0, canary: 0)
        for (dial, weight) in zip(dials, weights) {
            if pools.canary.contains(dial) { sums.canary += weight } else { sums.baseline += weight }
        }
        return sums
    }

    // MARK: Writing

    /// What has to be written for a split.
    ///
    /// - Throws: `rejected` when the names do not fit, because then the wrong version would be moved.
    func body(_ split: Split, _ pools: CaddyPools) throws(Refusal) -> JSONValue {
        let strangers = dials.filter { !pools.baseline.contains($0) && !pools.canary.contains($0) }
        guard strangers.isEmpty else {
            throw Refusal(
                .rejected, "the upstream \(strangers.prefix(5).joined(separator: ", ")) is in neither pool of the plan")
        }
        switch pools.method {
        case .weights: return try weightedBody(split, pools)
        case .upstreams:
            // What an upstream has beside its address (limits, say) is kept while it is in the list.
            return .list(
                pools.upstreams(split) { dial in
                    zip(dials, upstreams).first { $0.0 == dial }?.1
                        ?? .object([.init(name: "dial", value: .text(dial))])
                })
        }
    }

    private func weightedBody(_ split: Split, _ pools: CaddyPools) throws(Refusal) -> JSONValue {
        guard policy == "weighted_round_robin" else { throw Refusal(.rejected, weightsProblem ?? policy) }
        // A baseline server that is gone is no reason to refuse a rollback, as long as another one carries the traffic.
        let needed = split == .allBaseline ? pools.canary : pools.canary + pools.baseline
        let missing = needed.filter { !dials.contains($0) }
        guard missing.isEmpty, pools.baseline.contains(where: dials.contains) else {
            let names = missing.isEmpty ? pools.baseline : missing
            throw Refusal(.rejected, "there is no upstream \(names.joined(separator: ", "))")
        }
        let weight = pools.weights(split)
        return .list(dials.map { .number(pools.canary.contains($0) ? weight.canary : weight.baseline) })
    }
}
