import ConfigurationFiles
import Model
import Telemetry
import Testing

/// The effective configuration says everything and loads to the same plan.
struct EffectiveTests {
    static let rich = """
        state: "/var/lib/roll guard"
        external_url: "https://rollguard.example/checkout/"
        listen: {address: "[::1]:0", token_file: api.token}
        journal: {grace: 0s, retention: 1w1ms, prune_every: 90s}
        receivers:
          - name: a
            kind: alertmanager
            url: https://am.example/api?x=%20
            secret_env: KEY
            headers: {X-A: "b: c", x-b: "#"}
            retry: {min: 1ms, max: 1d}
            send_resolved: false
            resend: 30s
            tls: {ca_file: ca.pem, cert_file: c.pem, key_file: k.pem, insecure_skip_verify: true}
            auth: {basic: {user: "ü\\"\\\\", password_env: PW}}
          - {name: b, kind: alertmanager-webhook, url: "http://b", auth: {header: {name: X-K, value_file: v}}}
          - {name: c, kind: slack, url_file: chat.url}
        releases:
          - name: one
            scrape: {interval: 2s, late_after: 150ms, body_limit: 12345, sample_limit: 0, fallback_format: openmetrics, compression: auto,
                     scheme: https, path: "/m", auth: {bearer_env: B}}
            pools:
              baseline: {version: "1.10", targets: ["a:1", {address: "http://u", unix_socket: s.sock, instance: "x y"}]}
              canary: {version: "true", match: {server: "a\\"b", "x.y": ""}, targets: ["b:1"]}
            indicators:
              requests: 'r_total{path=~"/a\\\\.b|c",q!="\\"",z=""}'
              errors: e_total
              latency: l
              latency_unit: us
              latency_bounds: [0.1, 5.7, 19, 333.3, 7ms]
            router: {kind: haproxy, socket: h.sock, backend: b, servers: {baseline: [o1, o2], canary: [n]}, sticky: true}
            rollback: {call_timeout: 1s, retry: {min: 1s, max: 2s}, deadline: 1m1s, observe_every: 7s}
            drain: {steps: [33.3%, 100%], pause: 3s, at_once_above: 12.5%}
            proof: {below: 0.00001/s, cycles: 3}
            rules:
              - name: g
                rules:
                  - {alert: A, indicator: error_rate, window: 4s, when: "canary > 1%"}
                  - alert: B
                    indicator: latency_p99.95
                    window: 1h
                    when: |
                      canary > 2 * baseline
                        and canary > 3ms
                      and   baseline > 0
                    min_requests: 1000000.25
                    for: 1s
                    no_data: ignore
                    action: rollback
                    labels: {severity: page, team: "a\\nb"}
                    annotations: {summary: "{{ canary }}: \\"{{ $labels.team }}\\" \\u0085 # x", empty: ""}
              - name: h
                rules: [{alert: C, indicator: request_rate, window: 4s, when: canary < 1/s}]
              - name: g
                rules: [{alert: D, indicator: latency_mean, window: 4s, when: canary > 1s}]
        """

    private func load(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Plan {
        let result = Sample.load(text)
        return try #require(result.plan, "\(result.errors)", sourceLocation: sourceLocation)
    }

    /// Only the place of a rule in a file may differ.
    private func bare(_ plan: Plan) -> Plan {
        var plan = plan
        for release in plan.releases.indices {
            for rule in plan.releases[release].rules.indices { plan.releases[release].rules[rule].source = nil }
        }
        return plan
    }

    private func expectRoundTrip(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let plan = try load(text, sourceLocation: sourceLocation)
        let written = Rulebook.effectiveYAML(of: plan)
        let again = try load(written, sourceLocation: sourceLocation)
        #expect(bare(again) == bare(plan), "\(written)", sourceLocation: sourceLocation)
        #expect(Rulebook.effectiveYAML(of: again) == written, sourceLocation: sourceLocation)
    }

    @Test func theSampleComesBack() throws { try expectRoundTrip(Sample.configuration) }

    @Test func everySettingComesBack() throws {
        try expectRoundTrip(Self.rich)
        let rule = try load(Self.rich).releases[0].rules[1]
        #expect(rule.conditionText == "canary > 2 * baseline and canary > 3ms and baseline > 0")
    }

    @Test(arguments: Sample.routers)
    func everyRouterComesBack(_ router: String) throws {
        try expectRoundTrip(
            Sample.changed("{kind: gray, instances: [\"http://127.0.0.1:9412\"]}", to: router))
    }

    @Test(arguments: ["same_host", "any", "none"])
    func redirectsComeBack(_ word: String) throws {
        let text = Sample.changed("interval: 5s", to: "interval: 5s, follow_redirects: \(word)")
        #expect(try load(text).releases.first?.scrape.redirects.rawValue == word)
        try expectRoundTrip(text)
    }

    @Test(arguments: [
        "{names: [a.example, b]}", "{changes: loopback}", "{token_env: T, changes: token}",
        "{tls: {cert_file: a.pem, key_file: b.key}}",
        "{tokens: [{name: ci, token_file: c.token, may: [release]}, {name: sre, token_env: S, may: [operate, approve]}]}",
    ])
    func listenComesBack(_ listen: String) throws {
        try expectRoundTrip(
            Sample.changed("state: /var/lib/rollguard", to: "state: /a\nlisten: \(listen)"))
    }

    @Test func withoutRequestsThereIsNoProofToWrite() throws {
        let text = Sample.changed("requests: requests_total\n      errors: errors_total\n      ", to: "")
        let rules = "[{name: g, rules: [{alert: A, indicator: latency_p50, window: 1m, when: canary > 1s}]}]"
        try expectRoundTrip(Sample.changed("[\"rules/*.yaml\"]", to: rules, in: text))
    }

    @Test func defaultsAreWrittenOut() throws {
        let written = Rulebook.effectiveYAML(of: try load(Sample.configuration))
        for line in [
            "listen:\n  address: \"127.0.0.1:9411\"\n  changes: socket\n",
            "  grace: 5s\n  retention: 90d\n  prune_every: 1h\n",
            "    give_up_after: 1d\n",
            "      body_limit: 64MiB\n", "      deadline: 1m\n", "      below: 0.5/s\n      cycles: 1\n",
            "            no_data: hold\n            action: notify\n",
        ] {
            #expect(written.contains(line), "\(line) is not in \(written)")
        }
    }
}
