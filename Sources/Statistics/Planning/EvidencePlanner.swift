import Glibc

/// What the present traffic can still show, over all parts of a rule.
struct EvidencePlanner {
    let parts: [ComparedPart]
    let settings: RegressionSettings
    let barLogE: Double
    let requestsPerSecond: Double?
    let method: Comparison.Method

    /// At the ratios that are seen: the part that gets there first.
    var needed: RegressionEvidence.Need? {
        var best: RegressionEvidence.Need?
        for part in parts {
            guard let ratio = part.comparison.ratioOfRates, let rate = part.comparison.present.baselineRate else {
                continue
            }
            let requests = requests(part, baselineRate: rate, ratio: ratio, logENow: part.comparison.logE)
            guard requests < best?.requests ?? .infinity else { continue }
            best = need(ratio, requests)
        }
        return best
    }

    var neededFor: [RegressionEvidence.Need] {
        guard let part = reference, let rate = assumedRate(part) else { return [] }
        return [2.0, 5, 10].compactMap { ratio in
            guard ratio * rate < 1 else { return nil }
            let requests = requests(part, baselineRate: rate, ratio: ratio, logENow: 0)
            return requests < .infinity ? need(ratio, requests) : nil
        }
    }

    var reach: [RegressionEvidence.Reach] {
        guard let requestsPerSecond, let part = reference, let rate = assumedRate(part) else { return [] }
        return [60.0, 600, 3_600].map { seconds in
            let ratio = question(part).map {
                Planning.smallestRatio($0, baselineRate: rate, requests: requestsPerSecond * seconds)
            }
            let isThere = ratio.map { $0 < .infinity && seconds >= leastSeconds(part, ratio: $0) } ?? false
            return RegressionEvidence.Reach(withinSeconds: seconds, ratio: isThere ? ratio : nil)
        }
    }

    /// Errors, or the boundary with the most bad events: what planning speaks of.
    private var reference: ComparedPart? {
        parts.first { $0.event == .error }
            ?? parts.max { $0.comparison.counts.bad < $1.comparison.counts.bad }
    }

    /// A baseline without a single bad event has some rate all the same: half an event.
    private func assumedRate(_ part: ComparedPart) -> Double? {
        let counts = part.comparison.present
        guard counts.baselineRequests > 0 else { return nil }
        return max(counts.baselineBad, 0.5) / max(counts.baselineRequests, 1)
    }

    private func question(_ part: ComparedPart) -> Planning.Question? {
        let counts = part.comparison.present
        guard counts.baselineRequests > 0, counts.canaryRequests > 0 else { return nil }
        return Planning.Question(
            canaryShare: counts.canaryRequests / counts.requests, ratio: part.comparison.settings.ratio,
            barLogE: barLogE - part.logWeight,
            dispersion: method == .pair ? part.comparison.dispersion : max(2, part.comparison.dispersion))
    }

    private func requests(_ part: ComparedPart, baselineRate: Double, ratio: Double, logENow: Double) -> Double {
        guard let question = question(part), baselineRate > 0 else { return .infinity }
        let canaryRate = min(ratio * baselineRate, 0.999)
        guard canaryRate > question.ratio * baselineRate else { return .infinity }
        let requests = Planning.requestsNeeded(
            question, baselineRate: min(baselineRate, 0.999 / question.ratio), canaryRate: canaryRate,
            logENow: logENow)
        guard let requestsPerSecond else { return requests }
        return max(requests, leastSeconds(part, ratio: ratio) * requestsPerSecond)
    }

    /// Betting on shares gains at most so much per block, however much traffic there is.
    private func leastSeconds(_ part: ComparedPart, ratio: Double) -> Double {
        guard method == .share, let question = question(part) else { return 0 }
        func share(_ ratio: Double) -> Double {
            ratio * question.canaryShare / (ratio * question.canaryShare + 1 - question.canaryShare)
        }
        let gain = log1p(0.9 * (share(ratio) / share(question.ratio) - 1))
        return gain > 0 ? 15 * ((question.barLogE + question.overheadNats) / gain).rounded(.up) : .infinity
    }

    private func need(_ ratio: Double, _ requests: Double) -> RegressionEvidence.Need {
        let whole = requests.rounded(.up)
        let seconds = requestsPerSecond.flatMap { $0 > 0 ? whole / $0 : nil }
        return RegressionEvidence.Need(ratio: ratio, requests: whole, seconds: seconds)
    }
}
