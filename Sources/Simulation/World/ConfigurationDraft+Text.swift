/// Writes the files.
extension ConfigurationDraft {
    /// Path to text.
    var texts: [String: String] {
        var texts = [ConfigurationDraft.path: configuration]
        for release in releases { texts["/etc/rollguard/\(release.name).rules.yaml"] = release.ruleFile }
        return texts
    }

    private var configuration: String {
        host + groups + "releases:\n"
            + (unit.map(unitText) ?? releases.filter(\.isListed).map(\.configuration).joined())
    }

    /// The file of a daemon whose releases are in a centre.
    var textBesideCentre: String {
        host + "centre: {kind: etcd, endpoints: [\"https://etcd:2379\"], prefix: rollguard/v1/, startup_wait: 3s}\n"
    }

    /// What the centre holds of it, by path.
    var centreTexts: [(path: String, text: String)] {
        releases.filter(\.isListed).flatMap { release in
            [
                ("releases/\(release.name).yaml", release.centreText),
                ("rules/\(release.name).rules.yaml", release.ruleFile),
            ]
        }
    }

    private var host: String {
        var text = "state: /virtual\njournal: {grace: \(graceMs)ms, prune_every: 45s, retention: 120s}\nreceivers:\n"
        for receiver in receivers {
            text += "  - {name: \(receiver.name), kind: webhook, url: \"http://\(receiver.name)/hook\", "
            text += "send_resolved: \(receiver.sendsResolved), "
            text += "retry: {min: \(receiver.retryMinMs)ms, max: \(receiver.retryMaxMs)ms}}\n"
        }
        return text
    }

    /// Of those that are in the files now.
    private var groups: String {
        let names = releases.filter(\.isListed).map(\.name)
        guard let onRefusal, names.count > 1 else { return "" }
        return "groups:\n  - {name: shop, releases: [\(names.joined(separator: ", "))], on_refusal: \(onRefusal)}\n"
    }

    /// The parts in an order of ranks, with the steps of the slowest one.
    private func unitText(_ unit: String) -> String {
        let slowest = releases.max { $0.shortestStepMs < $1.shortestStepMs } ?? releases[0]
        let names = releases.map { String($0.name.dropFirst(unit.count + 1)) }
        let parts = zip(names, releases).map { name, release in "      \(name):\n" + release.part }
        return "  - name: \(unit)\n    parts:\n" + parts.joined() + "    order: [\(names.joined(separator: ", "))]\n"
            + "    \(slowest.steps)\n"
    }
}

extension ConfigurationDraft.Release {
    fileprivate var configuration: String {
        "  - name: \(name)\n" + settings + "    \(steps)\n"
    }

    /// A file of its own, with its rules beside it.
    fileprivate var centreText: String {
        let lines = configuration.split(separator: "\n").map { $0.dropFirst(4) }.joined(separator: "\n") + "\n"
        return lines.replacing("\"\(name).rules.yaml\"", with: "\"rules/\(name).rules.yaml\"")
    }

    /// Two levels further in.
    fileprivate var part: String {
        settings.split(separator: "\n").map { "    \($0)\n" }.joined()
    }

    private var settings: String {
        """
            scrape: {interval: \(intervalMs)ms, timeout: \(min(2_000, intervalMs / 2))ms\(late)}
            \(isDiscovered ? VirtualTargetFiles.configuration(of: name) : "")
            pools:
              baseline: \(text(baseline, "old"))
              canary: \(text(canary, "new"))
            indicators:
              requests: http_requests_total
              errors: http_requests_total{code=~"500|503"}
              latency: http_request_duration_seconds
            rollback: {call_timeout: \(callTimeoutMs)ms, deadline: \(deadlineMs)ms, observe_every: \(observeEveryMs)ms, \
        retry: {min: \(retryMinMs)ms, max: \(retryMaxMs)ms}}
            proof: {cycles: \(proofCycles)}
            \(drain)
            router: \(router)
            rules: ["\(name).rules.yaml"]\(procedure)

        """
    }

    /// Short enough that a run sees all of them; the baking outlasts it, or is over at once.
    fileprivate var steps: String {
        guard isLed else { return "" }
        guard !isQuick else {
            return "steps: {list: [10%, 50%, 100%], every: {settle: \(intervalMs)ms, min: \(2 * intervalMs)ms}, "
                + "at: {10%: {approval: {ask_for: 60s, valid: 40s}}, 50%: {approval: {ask_for: 60s, valid: 40s}}}}\n"
                + "    bake: {for: \(3 * intervalMs)ms}"
        }
        let minMs = shortestStepMs
        return
            "steps: {list: [5%, 25%, 50%, 100%], every: {settle: \(intervalMs)ms, min: \(minMs)ms, rules: [Errors]}, "
            + "at: {25%: {approval: {ask_for: 60s, valid: 30s}}, 50%: {approval: {ask_for: 60s}}}}\n    bake: {for: 24h}"
    }

    fileprivate var shortestStepMs: Int64 { 2 * intervalMs + retryMaxMs }

    private func text(_ pool: ConfigurationDraft.Pool, _ label: String) -> String {
        if isDiscovered { return "{version: \(pool.version), select: {pool: \(label)}}" }
        let targets = pool.instances.map { "\"\($0)\"" }.joined(separator: ", ")
        return "{version: \(pool.version), targets: [\(targets)]}"
    }

    private var late: String { lateAfterMs.map { ", late_after: \($0)ms" } ?? "" }

    private var drain: String {
        drainPauseMs.map { "drain: {steps: [40%, 70%, 100%], pause: \($0)ms, at_once_above: 60%}" } ?? ""
    }

    private var router: String {
        let instances = "[\(routers.map { "\"\($0)\"" }.joined(separator: ", "))]"
        switch routerKind {
        case .gray: return "{kind: gray, instances: \(instances)}"
        case .http:
            return "{kind: http, instances: \(instances), total: 10000, "
                + "set: [{url: /weights, capture: {etag: {header: ETag}}}, "
                + "{method: PUT, url: /weights, headers: {If-Match: \"${etag}\"}, "
                + "body: {old: \"${weight.baseline}\", new: \"${weight.canary}\"}}], "
                + "read_back: {steps: [{url: /weights}], canary: {pointer: /new}, baseline: {pointer: /old}}}"
        }
    }

    fileprivate var ruleFile: String {
        var text = "groups:\n  - name: drawn\n    rules:\n"
        for rule in rules {
            text += "      - alert: \(rule.name)\n        indicator: \(rule.indicator)\n"
            text += "        window: \(rule.windowMs)ms\n        when: \(rule.condition)\n        min_requests: 100\n"
            text += "        for: \(rule.forMs)ms\n        keep_firing_for: \(rule.keepFiringForMs)ms\n"
            text += "        no_data: \(rule.noData)\n        action: \(rule.action)\n"
            text += "        labels: {severity: page}\n"
            text += "        annotations: {summary: \"{{ canary }} against {{ baseline }}\"}\n"
        }
        if let provenIndicator {
            text += "      - {alert: Proven, indicator: \(provenIndicator), "
            text += "regression: {tolerance: 10%, false_alarm: 0.1%}, action: rollback}\n"
        }
        return text
    }
}
