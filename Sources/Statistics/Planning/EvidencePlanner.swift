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
            let requests = requests(part, baselineRate: rate, ratio: ratio, isFromNow: true)
            guard requests < best?.requests ?? .infinity else { continue }
            best = need(ratio, requests)
        }
        return best
    }

    var neededFor: [RegressionEvidence.Need] {
        guard let part = reference, let rate = assumedRate(part) else { return [] }
        return [2.0, 5, 10].compactMap { ratio in
            guard ratio * rate < 1 else { return nil }
            let requests = requests(part, baselineRate: rate, ratio: ratio, isFromNow: false)
            return requests < .infinity ? need(ratio, requests) : nil
        }
    }

    var reach: [RegressionEvidence.Reach] {
        guard let requestsPerSecond, let part = reference, let rate = assumedRate(part) else { return [] }
        return [60.0, 600, 3_600].map { seconds in
            // All null hypotheses have to be refuted: the one that asks for most.
            let ratio = questions(part).map {
                Planning.smallestRatio($0.question, baselineRate: rate, requests: requestsPerSecond * seconds)
            }.max()
            let isThere = ratio.map { $0 < .infinity && seconds >= leastSeconds(part, ratio: $0) } ?? false
            return RegressionEvidence.Reach(withinSeconds: seconds, ratio: isThere ? ratio : nil)
        }
    }

    /// Errors, or the boundary with the most bad events: what planning speaks of.
    private var reference: ComparedPart? {
        parts.first { $0.event == .error }
            ?? parts.max { $0.comparison.typicalCounts.bad < $1.comparison.typicalCounts.bad }
    }

    /// A baseline without a single bad event has some rate all the same: half an event.
    private func assumedRate(_ part: ComparedPart) -> Double? {
        let counts = part.comparison.present
        guard counts.baselineRequests > 0 else { return nil }
        return max(counts.baselineBad, 0.5) / max(counts.baselineRequests, 1)
    }

    /// One per null hypothesis, with the log evidence against it now; empty without traffic.
    private func questions(_ part: ComparedPart) -> [(question: Planning.Question, logENow: Double)] {
        let (counts, comparison) = (part.comparison.present, part.comparison)
        guard counts.baselineRequests > 0, counts.canaryRequests > 0 else { return [] }
        func question(_ ratio: Double, _ bar: Double) -> Planning.Question {
            Planning.Question(
                canaryShare: counts.canaryRequests / counts.requests, ratio: ratio, barLogE: bar,
                dispersion: method == .pair ? comparison.dispersion : max(2, comparison.dispersion))
        }
        guard let nulls = comparison.settings.nulls, comparison.ladder != nil else {
            return [(question(comparison.settings.ratio, barLogE - part.logWeight), comparison.logE)]
        }
        // Where the budget is split, the bars are the comparison's own.
        let logWeight = comparison.settings.barLogE == nil ? part.logWeight : 0
        return nulls.indices.map {
            (question(nulls[$0].ratio, nulls[$0].barLogE - logWeight), comparison.logE(null: $0))
        }
    }

    private func requests(_ part: ComparedPart, baselineRate: Double, ratio: Double, isFromNow: Bool) -> Double {
        let questions = questions(part)
        guard !questions.isEmpty, baselineRate > 0 else { return .infinity }
        let canaryRate = min(ratio * baselineRate, 0.999)
        let requests = questions.map { one in
            guard canaryRate > one.question.ratio * baselineRate else { return Double.infinity }
            return Planning.requestsNeeded(
                one.question, baselineRate: min(baselineRate, 0.999 / one.question.ratio), canaryRate: canaryRate,
                logENow: isFromNow ? one.logENow : 0)
        }.max()
        guard let requestsPerSecond else { return requests ?? .infinity }
        return max(requests ?? .infinity, leastSeconds(part, ratio: ratio) * requestsPerSecond)
    }

    /// Betting on shares gains at most so much per block, however much traffic there is.
    private func leastSeconds(_ part: ComparedPart, ratio: Double) -> Double {
        guard method == .share, let question = questions(part).first?.question else { return 0 }
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
