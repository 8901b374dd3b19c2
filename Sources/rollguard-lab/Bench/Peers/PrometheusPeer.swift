import Foundation

/// Debian's Prometheus, with the same rules in PromQL; its Alertmanager is the target server, which notes when an alert comes.
struct PrometheusPeer: Peer {
    /// Without rules it is what storing alone costs.
    let hasRules: Bool
    var name: String { hasRules ? "prometheus" : "prometheus, no rules" }
    /// Some 3 kB per series.
    let seriesLimit = 1_000_000
    var program: String? { Installed.program("prometheus", variable: "PROMETHEUS_BIN") }

    func prepare(_ assignment: Assignment, server: TargetServer, folder: String) throws -> [String] {
        let interval = "\(assignment.intervalMs)ms"
        try Installed.write(
            """
            global: {scrape_interval: \(interval), scrape_timeout: \(interval), evaluation_interval: \(interval)}
            rule_files: ["\(folder)/rules.yaml"]
            alerting:
              alertmanagers: [{static_configs: [{targets: ["127.0.0.1:\(server.port)"]}]}]
            \(ScrapeConfiguration.text(assignment, server: server))
            """, to: folder + "/prometheus.yaml")
        try Installed.write(rules(assignment), to: folder + "/rules.yaml")
        return [
            "--config.file=\(folder)/prometheus.yaml", "--storage.tsdb.path=\(folder)/data",
            "--web.listen-address=127.0.0.1:\(FreePort.find())", "--log.level=warn",
        ]
    }

    func call(for release: String) -> (path: String, text: String) { ("/api/v2/alerts", "\"\(release)\"") }

    private func rules(_ assignment: Assignment) -> String {
        var text = "groups:\n"
        for release in assignment.releases {
            text += "  - name: \(release.name)\n    rules:\n"
            for (index, condition) in conditions(hasRules ? assignment.rules : .none).enumerated() {
                let expression = condition.replacing("RELEASE", with: "release=\"\(release.name)\"")
                text += "      - {alert: R\(index), expr: '\(expression)', labels: {release: \(release.name)}}\n"
            }
        }
        return text
    }

    private func conditions(_ rules: Assignment.Rules) -> [String] {
        switch rules {
        case .none: []
        case .usual: [errors("30s", "2", "0.05"), slow("30s", "1.5")]
        case .many(let count):
            (0..<count).map { index in
                let factor = RollguardPeer.factor(index)
                return index % 2 == 0 ? errors("1m", factor, "0") : slow("1m", factor)
            }
        case .errorsAtOnce: [errors("10s", "2", "0.01")]
        }
    }

    private func errors(_ window: String, _ factor: String, _ least: String) -> String {
        func share(_ pool: String) -> String {
            let labels = "RELEASE,pool=\"\(pool)\""
            return "sum(rate(http_requests_total{\(labels),code=~\"5..\"}[\(window)]))"
                + " / sum(rate(http_requests_total{\(labels)}[\(window)]))"
        }
        return "(\(share("canary")) > \(factor) * \(share("baseline"))) > \(least)"
    }

    private func slow(_ window: String, _ factor: String) -> String {
        func tail(_ pool: String) -> String {
            let rate = "rate(http_request_duration_seconds_bucket{RELEASE,pool=\"\(pool)\"}[\(window)])"
            return "histogram_quantile(0.99, sum by (le) (\(rate)))"
        }
        return "\(tail("canary")) > \(factor) * \(tail("baseline"))"
    }
}

/// Scrape jobs as Prometheus and vmagent both read them: one per pool of a release.
enum ScrapeConfiguration {
    static func text(_ assignment: Assignment, server: TargetServer) -> String {
        var text = "scrape_configs:\n"
        for release in assignment.releases {
            for (pool, targets) in [("baseline", release.baseline), ("canary", release.canary)] {
                let list = targets.map { "\"\(server.address(of: $0))\"" }.joined(separator: ", ")
                text += "  - job_name: \(release.name)-\(pool)\n    static_configs:\n"
                text += "      - {targets: [\(list)], labels: {release: \(release.name), pool: \(pool)}}\n"
            }
        }
        return text
    }
}
