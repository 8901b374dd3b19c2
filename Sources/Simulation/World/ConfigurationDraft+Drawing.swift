/// Draws a configuration.
extension ConfigurationDraft {
    init(swarm: Swarm, dice: inout Dice) {
        graceMs = dice.ms(500...5_000)
        receivers = []
        for index in 0..<swarm.receivers {
            receivers.append(
                Receiver(
                    name: "receiver\(index + 1)", retryMinMs: dice.ms(100...1_000), retryMaxMs: dice.ms(1_000...10_000),
                    sendsResolved: dice.chance(percent: 80)))
        }
        releases = []
        for index in 0..<swarm.releases { releases.append(Release(named: "release\(index + 1)", dice: &dice)) }
        if swarm.hasOutages {
            for index in releases.indices { (releases[index].isLed, releases[index].isQuick) = (true, true) }
        }
        if swarm.replicas > 1 || swarm.hasCentre {
            simplify()
            return
        }
        // Decided by what was drawn already.
        if releases.count == 2, releases[0].isLed { joinAll() }
        if unit == nil, releases.count > 1, graceMs % 4 == 0 { onRefusal = graceMs % 8 == 0 ? "hold" : "go_without" }
    }

    /// What several daemons watch, or a centre holds, has fixed targets and no plans; each of its releases is led by itself, and never promoted.
    private mutating func simplify() {
        for index in releases.indices {
            releases[index].isDiscovered = false
            releases[index].isQuick = false
            releases[index].plan = nil
            // Where no share is raised, there is little to lead.
            if graceMs % 3 > 0 { releases[index].isLed = true }
        }
    }

    /// The releases become the parts of a unit, and are named after it.
    private mutating func joinAll() {
        let unit = "shop"
        for index in releases.indices {
            let (old, new) = (releases[index].name, "\(unit).\(releases[index].name)")
            func renamed(_ text: String) -> String { text.replacing(old, with: new) }
            (releases[index].name, releases[index].isLed, releases[index].plan) = (new, true, nil)
            releases[index].isQuick = releases[0].isQuick
            releases[index].baseline.instances = releases[index].baseline.instances.map(renamed)
            releases[index].canary.instances = releases[index].canary.instances.map(renamed)
            releases[index].routers = releases[index].routers.map(renamed)
        }
        self.unit = unit
    }
}

extension ConfigurationDraft.Release {
    init(named name: String, dice: inout Dice) {
        self.name = name
        intervalMs = dice.ms(2_000...8_000)
        baseline = .init(version: "v1", instances: (1...dice.int(1...3)).map { "\(name)-old\($0):80" })
        canary = .init(version: "v2", instances: (1...dice.int(1...2)).map { "\(name)-new\($0):80" })
        routerKind = dice.chance(percent: 60) ? .gray : .http
        routers = (1...dice.int(1...3)).map { "http://\(name)-lb\($0)" }
        callTimeoutMs = dice.ms(300...2_000)
        retryMinMs = dice.ms(50...500)
        retryMaxMs = dice.ms(500...5_000)
        deadlineMs = dice.ms(10_000...60_000)
        observeEveryMs = dice.ms(1_000...5_000)
        proofCycles = dice.int(1...2)
        // These are decided by what was drawn already, so that the seeds' other lots stay as they are.
        lateAfterMs = (intervalMs + callTimeoutMs) % 4 == 0 ? 1 + retryMinMs / 5 : nil
        let isDrained = (deadlineMs + observeEveryMs) % 3 == 0 && deadlineMs > 5 * intervalMs
        drainPauseMs = isDrained ? min(retryMaxMs, deadlineMs / 4) : nil
        let indicators = ["error_rate", "latency", "[error_rate, latency]"]
        provenIndicator = (retryMaxMs + observeEveryMs) % 4 == 0 ? indicators[Int(retryMaxMs / 4 % 3)] : nil
        isLed = (callTimeoutMs + retryMinMs) % 3 == 0
        isQuick = isLed && (callTimeoutMs + retryMinMs) / 3 % 2 == 0
        // Lists name pools, and the roles of the places of a quick release turn.
        isDiscovered = (deadlineMs / 3 + retryMinMs) % 3 == 0 && !isQuick
        rules = []
        plan = drawnPlan
        rules = drawRules(&dice)
    }

    private var drawnPlan: ConfigurationDraft.DrawnPlan? {
        guard (observeEveryMs / 3 + retryMinMs) % 3 == 0 else { return nil }
        return ConfigurationDraft.DrawnPlan(
            timeoutMs: 300 + retryMinMs, retries: deadlineMs % 3, onFailure: deadlineMs % 5 == 0 ? .page : .continue,
            onFailureOfFlag: deadlineMs % 2 == 0 ? .hold : .continue,
            hasPerson: retryMaxMs % 2 == 0)
    }

    /// Every rule has a margin that a healthy canary stays far away from.
    private func drawRules(_ dice: inout Dice) -> [ConfigurationDraft.Rule] {
        let absolute = "canary > 10%"
        let errors = dice.chance(percent: 60) ? "canary > 2 * baseline and canary > 10%" : absolute
        let slow = "canary > 2 * baseline and canary > 500ms"
        var rules = [
            rule("Errors", "error_rate", errors, "rollback", &dice),
            rule("Slow", "latency_p95", slow, "rollback", &dice),
        ]
        if dice.chance(percent: 30) { rules.append(rule("Notified", "error_rate", absolute, "notify", &dice)) }
        if dice.chance(percent: 15) { rules.append(rule("Held", "error_rate", absolute, "hold", &dice)) }
        return rules
    }

    private func rule(
        _ name: String, _ indicator: String, _ condition: String, _ action: String, _ dice: inout Dice
    ) -> ConfigurationDraft.Rule {
        ConfigurationDraft.Rule(
            name: name, indicator: indicator, condition: condition, windowMs: intervalMs * dice.ms(2...5),
            forMs: intervalMs * dice.ms(0...2), keepFiringForMs: intervalMs * dice.ms(0...3),
            noData: dice.pick(["hold", "hold", "ignore"]), action: action)
    }
}
