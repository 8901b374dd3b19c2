import ReleaseKernel
import Telemetry

/// Reads one release.
struct ReleaseReader {
    let folder: ConfigurationFolder
    let library: RuleLibrary

    private static let names = [
        "name", "scrape", "pools", "indicators", "router", "fallback", "rollback", "drain", "proof",
        "rules",
    ]

    func release(_ field: Field, names: inout UniqueNames) -> ReleasePlan? {
        guard let fields = field.fields(of: owner(field), ReleaseReader.names) else { return nil }
        let name = names.take(fields.required("name"))
        let scrape = ScrapeReader(folder: folder).scrape(fields["scrape"])
        let pools = fields.required("pools").flatMap {
            PoolsReader(scheme: scrape.scheme, path: scrape.path, folder: folder).pools($0)
        }
        let indicatorsField = fields.required("indicators")
        let indicators = indicatorsField.flatMap(self.indicators)
        let indicatorNames = indicatorsField?.value.memberNames
        let router = fields.required("router").flatMap { RouterReader(folder: folder).router($0) }
        let bounds = LatencyBounds.read(indicatorsField, unit: indicators?.latencyUnit)
        let rollback = rollback(fields["rollback"])
        let fallback = fields["fallback"].flatMap { self.fallback($0, deadlineMs: rollback.deadlineMs) }
        let drain = fields["drain"].flatMap {
            DrainReader(rollback: rollback, intervalMs: scrape.plan.intervalMs, indicators: indicatorNames).plan($0)
        }
        let proof = proof(fields["proof"], indicators: indicatorNames)
        let drafts = fields.required("rules").map { library.drafts($0) } ?? []
        let checks = ReleaseChecks(
            release: name ?? "", intervalMs: scrape.plan.intervalMs, indicators: indicatorNames,
            latencyBounds: bounds, log: field.log)
        checks.check(drafts)
        guard let name, let pools, let indicators, let router else { return nil }
        let plan = ReleasePlan(
            name: name, scrape: scrape.plan, baseline: pools.baseline, canary: pools.canary, indicators: indicators,
            router: router, fallback: fallback, rollback: rollback, drain: drain,
            proof: proof,
            rules: drafts.map { shown($0.plan, scrape.plan) },
            latencyBounds: bounds)
        var limits = ProofLimits(plan: plan, log: field.log)
        limits.fit(field.value)
        return limits.plan
    }

    /// A rule without a window is shown over one that holds a few scrapes.
    private func shown(_ rule: RulePlan, _ scrape: ScrapePlan) -> RulePlan {
        guard rule.regression != nil else { return rule }
        var rule = rule
        rule.windowMs = max(rule.windowMs, 3 * scrape.intervalMs)
        return rule
    }

    private func owner(_ field: Field) -> String {
        guard case .text(let name, _) = field.value.member("name")?.value.content, !name.isEmpty else {
            return "a release"
        }
        return "release \(Quote.name(name))"
    }

    private func indicators(_ field: Field) -> WatchList? {
        let names = ["requests", "errors", "latency", "latency_unit", "latency_bounds"]
        guard let fields = field.fields(of: "'indicators'", names) else { return nil }
        if fields.has("errors"), !fields.has("requests") {
            fields.fail("'errors' needs 'requests': an error rate is errors by requests")
        }
        var list = WatchList(
            requests: fields["requests"].flatMap(selector), errors: fields["errors"].flatMap(selector),
            latency: fields["latency"].flatMap(selector))
        list.latencyUnit = LatencyUnitReader.unit(fields, latency: list.latency)
        let none = !fields.has("requests") && !fields.has("errors") && !fields.has("latency")
        if none { fields.fail("'indicators' needs at least one of 'requests', 'errors' and 'latency'") }
        return list
    }

    private func selector(_ field: Field) -> SeriesSelector? {
        guard let text = field.text(), let places = TextPlaces(field.value) else { return nil }
        do throws(SelectorError) {
            return try SeriesSelector(parsing: text)
        } catch {
            field.log.error(places.place(utf8Offset: error.offset), "\(field.label) is no selector: \(error.reason)")
            return nil
        }
    }

    private func rollback(_ field: Field?) -> RollbackPlan {
        var plan = RollbackPlan()
        let names = ["call_timeout", "retry", "deadline", "observe_every"]
        guard let fields = field?.fields(of: "'rollback'", names) else { return plan }
        let deadlineMs = fields["deadline"]?.durationMs()
        plan.deadlineMs = deadlineMs ?? plan.deadlineMs
        let callTimeoutMs = fields["call_timeout"]?.durationMs()
        plan.callTimeoutMs = callTimeoutMs ?? min(plan.callTimeoutMs, plan.deadlineMs)
        plan.observeEveryMs = fields["observe_every"]?.durationMs() ?? plan.observeEveryMs
        let retry = RetryReader.retry(fields, minMs: plan.retryMinMs, maxMs: plan.retryMaxMs)
        (plan.retryMinMs, plan.retryMaxMs) = retry
        if plan.callTimeoutMs > plan.deadlineMs {
            fields["call_timeout"]?.fail(
                "'call_timeout' must not be longer than 'deadline', the whole rollback's limit")
        }
        return plan
    }

    private func fallback(_ field: Field, deadlineMs: Int64) -> FallbackPlan? {
        guard let fields = field.fields(of: "'fallback'", ["router", "after"]) else { return nil }
        let after = fields["after"]
        let afterMs = after?.durationMs()
        if let afterMs, afterMs >= deadlineMs {
            after?.fail("'after' must be shorter than 'deadline' of 'rollback', or nobody is left to take over in time")
        }
        guard let router = fields.required("router").flatMap({ RouterReader(folder: folder).router($0) }) else {
            return nil
        }
        return FallbackPlan(router: router, afterMs: afterMs ?? min(10_000, max(1, deadlineMs / 2)))
    }

    private func proof(_ field: Field?, indicators: Set<String>?) -> ProofPlan {
        var plan = ProofPlan()
        guard let fields = field?.fields(of: "'proof'", ["below", "cycles"]) else { return plan }
        if let indicators, !indicators.contains("requests") {
            fields.fail("'proof' needs the indicator 'requests': that the canary's requests stop is the proof")
        }
        plan.belowPerSecond = fields["below"]?.rate() ?? plan.belowPerSecond
        plan.cycles = fields["cycles"]?.integer(1...1_000) ?? plan.cycles
        return plan
    }
}
