import Model
import Support

/// A step of a rollout: a share, and what has to hold before the next one.
package struct StepDocument: Codable, Sendable, Equatable {
    /// From 1.
    package var index: Int
    package var canaryBasisPoints: Int
    /// What the step asks for, one sentence per gate.
    package var asks: [String]
    /// How long it may last; nil for no limit.
    @ExplicitNull package var maxSeconds: Double?
    /// What happens then: `hold` or `rollback`.
    package var overdue: String
    /// How long it is expected to last at the present traffic; nil where that is not known.
    @ExplicitNull package var estimate: EstimateDocument?

    /// - Parameter estimates: in the order of the steps; empty where nothing is estimated.
    static func list(_ steps: [StepPlan], _ estimates: [StepEstimate?] = []) -> [StepDocument] {
        steps.indices.map { index in
            let estimate = estimates.indices.contains(index) ? estimates[index] : nil
            return StepDocument(
                steps[index], index: index + 1,
                next: steps.indices.contains(index + 1) ? steps[index + 1].basisPoints : nil, estimate)
        }
    }

    /// - Parameter next: the share of the next step; nil for the last one.
    private init(_ step: StepPlan, index: Int, next: Int?, _ estimate: StepEstimate?) {
        self.estimate = estimate.map { EstimateDocument($0, maxMs: step.maxMs) }
        self.index = index
        canaryBasisPoints = step.basisPoints
        asks = StepDocument.asks(step, next: next)
        maxSeconds = step.maxMs.map { Double($0) / 1_000 }
        overdue = step.overdue.rawValue
    }

    private static func asks(_ step: StepPlan, next: Int?) -> [String] {
        var asks: [String] = []
        if step.minMs > 0 { asks.append("at least \(wait(step.minMs))") }
        if let requests = step.requests { asks.append("\(NumberText.plain(requests)) requests of the canary") }
        if !step.rules.isEmpty { asks.append("\(step.rules.joined(separator: ", ")) healthy") }
        if let demand = step.evidence {
            let ratio = demand.ratio(beforeBasisPoints: next ?? 10_000)
            let before = next.map { " before \(NumberText.percent(Double($0) / 10_000))" } ?? ""
            asks.append("evidence that the canary is at most \(NumberText.plain(ratio)) times as bad\(before)")
        }
        if step.opensForcedRoute { asks.append("the route for test users open") }
        if let webhook = step.webhook { asks.append("a yes of \(webhook.name)") }
        if let approval = step.approval {
            let who = approval.of.isEmpty ? "" : " by \(approval.of.joined(separator: " or "))"
            asks.append("\(approval.count == 1 ? "an approval" : "\(approval.count) approvals")\(who)")
        }
        return asks
    }

    private static func wait(_ ms: Int64) -> String { NumberText.wait(seconds: Double(ms) / 1_000) }

    enum CodingKeys: String, CodingKey {
        case index, asks, overdue, estimate
        case canaryBasisPoints = "canary_basis_points"
        case maxSeconds = "max_seconds"
    }
}

/// How long a step is expected to last when the new version is as good as the old one.
package struct EstimateDocument: Codable, Sendable, Equatable {
    /// Half of such steps are passed by then.
    package var medianSeconds: Double
    /// Nine of ten are.
    package var ninetyPercentSeconds: Double
    /// Of both versions, for the evidence of the step; nil without evidence.
    @ExplicitNull package var evidenceRequests: Double?
    /// The step's `max` is shorter than `ninety_percent_seconds`.
    package var exceedsMax: Bool

    init(_ estimate: StepEstimate, maxMs: Int64?) {
        (medianSeconds, ninetyPercentSeconds) = (estimate.medianSeconds, estimate.ninetyPercentSeconds)
        evidenceRequests = estimate.evidenceRequests
        exceedsMax = estimate.exceeds(maxMs: maxMs)
    }

    enum CodingKeys: String, CodingKey {
        case medianSeconds = "median_seconds"
        case ninetyPercentSeconds = "ninety_percent_seconds"
        case evidenceRequests = "evidence_requests"
        case exceedsMax = "exceeds_max"
    }
}
