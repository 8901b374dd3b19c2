import Foundation

/// Our daemon, as a user would run it.
struct RollguardPeer: Peer {
    let name = "rollguard"
    let hasRules = true
    let seriesLimit = Int.max
    var program: String? { Installed.sibling("rollguard", variable: "ROLLGUARD_BIN") }

    func prepare(_ assignment: Assignment, server: TargetServer, folder: String) async throws -> [String] {
        let config = folder + "/rollguard.yaml"
        var text = """
            state: state
            listen: 127.0.0.1:\(assignment.apiPort)
            receivers:
              - {name: oncall, kind: webhook, url: "\(server.url("/hook"))"}

            """
        if let fill = assignment.journalFill {
            text += "  - {name: \(DaemonLoad.receiver), kind: webhook, url: \"\(server.url("/slow"))\"}\n"
            try await fill.write(into: folder + "/state")
        }
        text += "releases:\n"
        for release in assignment.releases { text += self.release(release, assignment, server) }
        try Installed.write(text, to: config)
        try writeRules(assignment, folder: folder)
        return ["run", "--config", config, "--log-level", "warning"]
    }

    func call(for release: String) -> (path: String, text: String) { ("/router/\(release)", #""canary""#) }

    private func release(_ release: Assignment.Release, _ assignment: Assignment, _ server: TargetServer) -> String {
        func list(_ targets: [Int]) -> String {
            targets.map { "\"\(server.address(of: $0))\"" }.joined(separator: ", ")
        }
        return """
              - name: \(release.name)
                scrape: {interval: \(assignment.intervalMs)ms, timeout: \(assignment.intervalMs / 2)ms}
                pools:
                  baseline: {version: v1, targets: [\(list(release.baseline))]}
                  canary: {version: v2, targets: [\(list(release.canary))]}
                indicators:
                  requests: http_requests_total
                  errors: 'http_requests_total{code=~"5.."}'
                  latency: http_request_duration_seconds
                router:
                  kind: http
                  instances: ["\(server.url(""))"]
                  set:
                    - method: PUT
                      url: /router/${release}
                      body: {baseline: "${weight.baseline}", canary: "${weight.canary}"}
                  read_back:
                    steps: [{url: "/router/${release}"}]
                    baseline: {pointer: /baseline}
                    canary: {pointer: /canary}
                rules: ["rules/*.yaml"]

            """ + plan(assignment.load?.silentPort)
    }

    /// Steps that begin with the router's call, and hang.
    private func plan(_ port: Int?) -> String {
        guard let port else { return "" }
        let step = "kind: http, at: split, url: \"http://127.0.0.1:\(port)/step\", idempotent: true"
        return """
                plan:
                  steps:
                    - {name: flag, \(step), timeout: 2s, retries: 3, retry_after: 200ms, on_failure: continue}
                    - {name: cache, \(step), timeout: 30s, retries: 3, on_failure: hold}

            """
    }

    private func writeRules(_ assignment: Assignment, folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder + "/rules", withIntermediateDirectories: true)
        let lines = RollguardPeer.rules(assignment.rules) + RollguardPeer.silentRules(assignment)
        // A file has a limit of size, so a crowd of rules comes in several.
        for start in stride(from: 0, to: lines.count, by: 1_000) {
            let part = lines[start..<min(lines.count, start + 1_000)].map { "      - \($0)\n" }.joined()
            try Installed.write(
                "groups:\n  - name: bench\(start)\n    rules:\n" + part, to: folder + "/rules/rules\(start).yaml")
        }
    }

    private static func rules(_ rules: Assignment.Rules) -> [String] {
        switch rules {
        case .none, .usual:
            [
                "{alert: ErrorRate, indicator: error_rate, window: 30s, when: canary > 2 * baseline and canary > 5%,"
                    + " min_requests: 10, action: rollback}",
                "{alert: Slow, indicator: latency_p99, window: 30s, when: canary > 1.5 * baseline,"
                    + " min_requests: 10, action: rollback}",
                "{alert: Worse, indicator: [error_rate, latency], regression: {tolerance: 50%, false_alarm: 0.1%},"
                    + " action: rollback}",
            ]
        case .many(let count):
            (0..<count).map { index in
                let indicator = index % 2 == 0 ? "error_rate" : "latency_p99"
                return "{alert: R\(index), indicator: \(indicator), window: 1m,"
                    + " when: canary > \(factor(index)) * baseline, min_requests: 10, action: rollback}"
            }
        case .errorsAtOnce:
            [
                "{alert: ErrorRate, indicator: error_rate, window: 10s,"
                    + " when: canary > 2 * baseline and canary > 1%, min_requests: 10, action: rollback}"
            ]
        }
    }

    /// Rules that are judged in each cycle and never fire, so that each release has its part of the load's rules.
    private static func silentRules(_ assignment: Assignment) -> [String] {
        guard let load = assignment.load else { return [] }
        return (1..<max(2, load.rules / assignment.releases.count)).map { index in
            let indicator = index % 2 == 0 ? "error_rate" : "latency_p99"
            let least = index % 2 == 0 ? "90%" : "9s"
            return "{alert: Silent\(index), indicator: \(indicator), window: 1m, min_requests: 10, action: rollback,"
                + " when: canary > \(factor(index)) * baseline and canary > \(least)}"
        }
    }

    /// Not all rules may be the same text.
    static func factor(_ index: Int) -> String { "2.\(String(index % 900 + 100))" }
}
