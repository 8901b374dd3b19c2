import API
import Support

/// Rollouts for people.
enum RolloutText {
    /// `checkout-r42 step 2/5, 5%: waits for approval by sre`.
    static func line(_ rollout: RolloutDocument) -> String {
        let waits = rollout.waitsFor.isEmpty ? "" : ": \(rollout.waitsFor)"
        return "\(rollout.id) \(place(rollout))\(flags(rollout))\(waits)"
    }

    /// Where the rollout is in its life.
    static func place(_ rollout: RolloutDocument) -> String {
        let share = NumberText.percent(Double(rollout.canaryBasisPoints) / 10_000)
        switch rollout.state {
        case "queued": return "waits in the queue"
        case "prepared": return "prepared: \(rollout.place) is reserved for \(rollout.version)"
        case "checking": return "checks its start conditions"
        case "moving": return "step \(rollout.wantedStep)/\(rollout.steps.count), from \(share)"
        case "standing": return "step \(rollout.step)/\(rollout.steps.count), \(share)"
        case "baking": return "baking, \(share)"
        case "rolling_back": return "rolling back"
        default: return end(rollout)
        }
    }

    /// How it ended.
    static func end(_ rollout: RolloutDocument) -> String {
        let end = (rollout.end ?? rollout.state).replacing("_", with: " ")
        return end + (rollout.endReason.map { ": \($0)" } ?? "")
    }

    private static func flags(_ rollout: RolloutDocument) -> String {
        var flags: [String] = []
        if rollout.paused != nil { flags.append("paused") }
        if rollout.frozen != nil { flags.append("frozen") }
        // The sentence that follows begins with it otherwise.
        flags += rollout.halts.map { "halted (\($0.reason))" }.filter { !rollout.waitsFor.hasPrefix($0) }
        return flags.isEmpty ? "" : ", " + flags.joined(separator: ", ")
    }

    // MARK: Whole

    /// Everything about one rollout.
    static func lines(_ rollout: RolloutDocument) -> [String] {
        let build = rollout.build.map { " (\($0))" } ?? ""
        var lines = [
            line(rollout),
            "  service  \(rollout.release), \(rollout.version)\(build) in \(rollout.place)"
                + (rollout.attempt > 1 ? ", attempt \(rollout.attempt)" : ""),
            "  opened   \(rollout.openedAt), by \(rollout.by)" + (rollout.endedAt.map { ", ended \($0)" } ?? ""),
        ]
        if let seconds = rollout.standingSeconds { lines.append("  lasts    \(NumberText.wait(seconds: seconds))") }
        if let at = rollout.expiresAt { lines.append("  reserved until \(at)") }
        lines += details(rollout)
        if let incident = rollout.incident { lines.append("  rollback \(incident): rollguard why \(incident)") }
        if let back = rollout.wayBack { lines.append("  way back \(back)") }
        lines.append("  tag      \(rollout.tag)")
        if !rollout.steps.isEmpty { lines += ["  steps"] + table(rollout.steps, rollout).map { "  " + $0 } }
        lines += remarks(rollout.steps)
        return lines
    }

    /// What keeps it where it is.
    static func details(_ rollout: RolloutDocument) -> [String] {
        var lines: [String] = []
        if let pause = rollout.paused { lines.append("  ! paused \(hold(pause))") }
        if let freeze = rollout.frozen { lines.append("  ! frozen \(hold(freeze))") }
        for halt in rollout.halts { lines.append("  ! halted (\(halt.reason)): \(halt.text); \(halt.remedy)") }
        lines += Columns.laidOut(
            rollout.parts.map { part in
                [
                    "part", part.name, part.state, part.ready ? "ready" : part.waitsFor,
                    part.incident.map { "rollguard why \($0)" } ?? "",
                ]
            }, indent: "  ")
        lines += Columns.laidOut(
            rollout.gates.map { ["gate", $0.gate, $0.open ? "open" : "closed", $0.text] }, indent: "  ")
        for asked in rollout.asked {
            let replies = asked.replies.map { "\($0.answer) by \($0.by)" }.joined(separator: ", ")
            let state = asked.lapsed ? "lapsed" : "answer by \(asked.answerBy)"
            lines.append("  asked    \(asked.gate) of step \(asked.step): \(replies.isEmpty ? state : replies)")
        }
        return lines
    }

    private static func hold(_ hold: HoldDocument) -> String {
        "by \(hold.by): \(hold.reason)" + (hold.until.map { ", until \($0)" } ?? "")
    }

    /// The part of the status table.
    static func block(_ rollouts: RolloutsDocument) -> [String] {
        let places = rollouts.places.map { "\($0.name): \($0.version ?? "nothing known") (\($0.role))" }
        var lines = ["  places   " + places.joined(separator: ", ")]
        if let running = rollouts.running {
            lines += ["  rollout  " + line(running)] + details(running) + remarks(running.steps)
        } else {
            if let freeze = rollouts.frozen { lines.append("  ! frozen \(hold(freeze))") }
            lines += remarks(rollouts.steps)
            let last = rollouts.ended.first.map { "; the last one, \($0.id), \(end($0))" } ?? ""
            lines.append("  rollout  none is under way\(last)")
        }
        if let queued = rollouts.queued { lines.append("  queued   \(queued.id): \(queued.version)") }
        if let back = rollouts.wayBack { lines.append("  way back \(back)") }
        if !rollouts.latched.isEmpty { lines.append("  latched  " + rollouts.latched.joined(separator: ", ")) }
        return lines
    }

    // MARK: Steps

    static func steps(_ rollouts: RolloutsDocument) -> [String] {
        guard let running = rollouts.running, !running.steps.isEmpty else {
            return ["configured steps"] + table(rollouts.steps, nil) + remarks(rollouts.steps)
        }
        return [line(running)] + table(running.steps, running) + remarks(running.steps)
    }

    /// Steps that are likely to be over their time before their gates are open.
    static func remarks(_ steps: [StepDocument]) -> [String] {
        steps.compactMap { step in
            guard let estimate = step.estimate, estimate.exceedsMax, let most = step.maxSeconds else { return nil }
            return
                "  ! step \(step.index) may last \(NumberText.wait(seconds: most)), and at the present traffic nine of ten"
                + " take up to \(NumberText.wait(seconds: estimate.ninetyPercentSeconds)): raise `max`, ask for less"
                + " evidence (`excess`, `floor`), or use an approval"
        }
    }

    /// `about 5 min, 9 of 10 within 12 min, 34 000 requests`.
    private static func estimate(_ step: StepDocument) -> String {
        guard let estimate = step.estimate else { return "" }
        let (half, most) = (estimate.medianSeconds, estimate.ninetyPercentSeconds)
        let requests = estimate.evidenceRequests.map { ", \(NumberText.grouped($0)) requests" } ?? ""
        let range = most > half ? ", 9 of 10 within \(NumberText.wait(seconds: most))" : ""
        return "about \(NumberText.wait(seconds: half))\(range)\(requests)"
    }

    private static func table(_ steps: [StepDocument], _ rollout: RolloutDocument?) -> [String] {
        Columns.laidOut(
            steps.map { step in
                [
                    rollout?.step == step.index ? ">" : " ", "\(step.index)",
                    NumberText.percent(Double(step.canaryBasisPoints) / 10_000),
                    step.asks.isEmpty ? "asks for nothing" : step.asks.joined(separator: "; "),
                    estimate(step),
                    step.maxSeconds.map { "at most \(NumberText.wait(seconds: $0)), then \(step.overdue)" } ?? "",
                ]
            }, indent: "  ")
    }
}
