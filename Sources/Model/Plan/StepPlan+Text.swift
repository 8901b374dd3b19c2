import Support

/// What has to hold in each step, for people.
extension RolloutPlan {
    /// One line per step: `5%: at least 5 min, 500 requests, rules A and B healthy, evidence that the canary is at most 3x as bad
    /// before 25%`.
    public var stepTexts: [String] {
        steps.indices.map { index in
            let share = NumberText.percent(Double(steps[index].basisPoints) / 10_000)
            guard steps.indices.contains(index + 1) else { return "\(share): \(bakeText)" }
            return "\(share): \(steps[index].text(before: steps[index + 1].basisPoints))"
        }
    }

    private var bakeText: String {
        let time = StepPlan.text(durationMs: bake.forMs)
        return bake.forMs > 0 ? "watched for \(time), then the new version is the baseline" : "then it is the baseline"
    }
}

extension StepPlan {
    /// - Parameter next: the share of the following step, basis points.
    private func parts(before next: Int) -> [String] {
        let share = NumberText.percent(Double(next) / 10_000)
        return [
            minMs > 0 ? "at least \(StepPlan.text(durationMs: minMs))" : nil,
            requests.map { "\(Int64($0)) requests" + neededRate($0) },
            rules.isEmpty ? nil : "\(rules.count == 1 ? "rule" : "rules") \(StepPlan.list(rules)) healthy",
            evidence.map {
                "evidence that the canary is at most \(NumberText.plain($0.ratio(beforeBasisPoints: next)))x as bad "
                    + "(error \(NumberText.percent($0.error))) before \(share)"
            },
            webhook.map { "a yes of \($0.name)" },
            approval.map(\.text),
        ].compactMap(\.self)
    }

    /// ` (before the end at least 84/s of both versions)`: what the traffic has to be so that the step does not end by `max`.
    private func neededRate(_ requests: Double) -> String {
        guard let maxMs, basisPoints > 0, maxMs > settleMs else { return "" }
        let perSecond = requests / (Double(maxMs - settleMs) / 1_000) / (Double(basisPoints) / 10_000)
        return " (in time with at least \(NumberText.plain((perSecond * 10).rounded(.up) / 10))/s of both versions)"
    }

    fileprivate func text(before next: Int) -> String {
        let parts = parts(before: next)
        let all = parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
        guard let maxMs else { return all }
        let end = overdue == .rollback ? "rolled back" : "halted"
        return "\(all); \(end) after \(StepPlan.text(durationMs: maxMs))"
    }

    /// As it was configured, not rounded: `5 min`, `1 h 30 min`.
    fileprivate static func text(durationMs: Int64) -> String {
        let units: [(name: String, ms: Int64)] = [
            ("days", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1),
        ]
        var (rest, parts) = (durationMs, [String]())
        for unit in units where rest >= unit.ms {
            let count = rest / unit.ms
            parts.append("\(count) \(unit.name == "days" && count == 1 ? "day" : unit.name)")
            rest %= unit.ms
        }
        return parts.isEmpty ? "0 s" : parts.joined(separator: " ")
    }

    fileprivate static func list(_ names: [String]) -> String {
        guard names.count > 1, let last = names.last else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}

extension ApprovalPlan {
    /// `approval by sre`, `2 approvals by sre or lead, not by whoever began it`
    fileprivate var text: String {
        let count = count == 1 ? "approval" : "\(count) approvals"
        let callers = of.isEmpty ? "" : " by " + of.joined(separator: " or ")
        return count + callers + (isNotTheBeginner ? ", not by whoever began it" : "")
    }
}
