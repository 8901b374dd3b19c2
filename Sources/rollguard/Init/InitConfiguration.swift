import ConfigurationFiles

/// The text of a new configuration.
struct InitConfiguration: Sendable {
    struct Pool: Sendable {
        let version: String
        /// The version was not found out.
        let isGuess: Bool
        let targets: [String]
    }

    var release: String
    var state: String
    var path: String
    var baseline: Pool
    var canary: Pool
    /// Nil when no target could be recognised.
    var service: RecognisedService?
    /// Nil when no router was named.
    var router: RouterProposal?
    /// Paths of rule files, relative to the configuration.
    var rules: [String]

    /// Nothing has to be filled in.
    var isComplete: Bool { service != nil && router?.isComplete == true }

    var text: String {
        let head = [
            "# Written by `rollguard init`; nothing overwrites it. All fields: docs/reference/configuration.md",
            "#   rollguard check FILE     reports every error at once",
            "#   rollguard doctor FILE    tries the targets and the router, and changes nothing",
            "state: \(YAMLText.quoted(state))",
            "listen: 127.0.0.1:9411", "",
            "# Who has to know of a rollback; the file holds the key that signs the webhooks.",
            "# receivers:",
            "#   - {name: oncall, kind: webhook, url: \"https://hooks.example/rollguard\", secret_file: hook.key}",
            "", "releases:", "  - name: \(YAMLText.quoted(release))",
        ]
        let rest = scrape + pools + indicators + routerLines + ruleLines
        return (head + rest.map { $0.isEmpty ? "" : "    " + $0 }).joined(separator: "\n") + "\n"
    }

    private var scrape: [String] {
        let isUsual = path.isEmpty || path == "/metrics"
        return ["scrape:", "  interval: 5s", "  timeout: 2s"] + (isUsual ? [] : ["  path: \(YAMLText.quoted(path))"])
    }

    private var pools: [String] {
        func lines(_ name: String, _ pool: Pool) -> [String] {
            (pool.isGuess ? ["  # The targets do not say their version; a changed name here is a new release."] : [])
                + [
                    "  \(name):", "    version: \(YAMLText.quoted(pool.version))",
                    "    targets: \(YAMLText.list(pool.targets))",
                ]
        }
        return ["pools:"] + lines("baseline", baseline) + lines("canary", canary)
    }

    private var indicators: [String] {
        guard let service else {
            return [
                "indicators:",
                "  # No target showed a counter of requests. `rollguard inspect URL` lists what there is.",
                "  # requests: http_requests_total", "  # errors: http_requests_total{code=~\"5..\"}",
                "  # latency: http_request_duration_seconds",
            ]
        }
        let found = service.indicators
        var lines = [
            "# Recognised: \(service.title).\(service.preset?.note.map { " Note: \($0)." } ?? "")", "indicators:",
        ]
        lines += Self.sum("requests", found.requests)
        lines +=
            found.errors.isEmpty
            ? ["  # No counter says how requests ended: errors: shop_requests_total{code=~\"5..\"}"]
            : Self.sum("errors", found.errors)
        lines.append(
            found.latency.map { "  latency: \(YAMLText.selector($0))" }
                ?? "  # There is no histogram of durations: latency: http_request_duration_seconds")
        if let unit = found.latencyUnit, found.latency != nil { lines.append("  latency_unit: \(unit.rawValue)") }
        if let exclude = found.exclude {
            lines += [
                "  # Scrapes and health checks, which both pools have whatever the split is.",
                "  exclude: \(YAMLText.selector(exclude))",
            ]
        }
        if let presence = found.presence { lines.append("  presence: \(YAMLText.selector(presence))") }
        return lines
    }

    /// One counter, or several that are added up.
    private static func sum(_ name: String, _ selectors: [String]) -> [String] {
        guard selectors.count > 1 else { return ["  \(name): \(YAMLText.selector(selectors.first ?? ""))"] }
        return ["  \(name):"] + selectors.map { "    - \(YAMLText.selector($0))" }
    }

    private var routerLines: [String] {
        guard let router else {
            return [
                "# No router was named: --haproxy SOCKET, --caddy, --envoy, --gray, --nginx or --traefik URL.",
                "# router: {kind: haproxy, socket: /run/haproxy/admin.sock, backend: checkout,",
                "#          servers: {baseline: [old1], canary: [new1]}}",
            ]
        }
        return ["router:"] + router.lines.map { "  " + $0 }
    }

    private var ruleLines: [String] {
        ["# Copies of the ready rules; their numbers may be changed.", "rules:"]
            + rules.map { "  - \(YAMLText.quoted($0))" }
    }
}
