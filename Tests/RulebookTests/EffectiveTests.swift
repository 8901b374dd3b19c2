import ReleaseKernel
import Rulebook
import Telemetry
import Testing

/// The effective configuration says everything and loads to the same plan.
struct EffectiveTests {
    private static let rich = """
        state: "/var/lib/roll guard"
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
        return try #require(result.plan, "\(result.mistakes)", sourceLocation: sourceLocation)
    }

    /// Where a rule stands in a file is all that may differ.
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

    @Test(arguments: [
        "{kind: haproxy, sockets: [\"127.0.0.1:1\", /run/x], map: {file: \"m#3\", key: a/b}}",
        "{kind: gray, instances: [\"https://a/b\", \"http://[::1]:1\"], tls: {ca_file: /c}}",
        "{kind: haproxy, socket: /run/x, map: {file: m, keys: [user, region]}}",
        "{kind: nginx, include: /etc/a.conf, state_url: \"http://a/s\", split: {choices: [{variable: $v, key: $request_id}], baseline: o, canary: n}}",
        "{kind: nginx, includes: [{include: /a, state_url: \"http://a/s\"}, {include: /b, command: [/n, -c, x], state_url: \"http://b/s\"}], "
            + "upstream: {name: u, servers: {baseline: [\"a:1\"], canary: [\"b:1\"]}}}",
        "{kind: nginx, instances: [\"http://a\"], path: /split/checkout, auth: {bearer_file: /t}}",
        "{kind: caddy, instances: [\"http://a\"], unix_socket: /s, id: c, upstreams: {baseline: [\"a:1\"], canary: [\"b:1\"]}, method: upstreams}",
        "{kind: http, instances: [\"http://a\"], unix_socket: u.sock, total: 7, variables: {k: \"\"}, set: [{url: /x, body: null}, "
            + "{url: \"${var.k}/${weight.canary | int}\", method: POST, body: [1, {a: {}, b: [], \"\": [[]]}, 0.1, 1e300, -2, \"1\", \"null\", x], expect: [200, 201], "
            + "conflict: [], timeout: 1ms}], read_back: {steps: [{url: /r, body: \"\", require: [{pointer: \"\", equals: {a: [null]}}], "
            + "capture: {c: {header: H}}}], canary: {pointer: \"\"}, baseline: {pointer: /b, filters: [int], then: \"\"}}}",
        "{kind: envoy, instances: [\"http://a:1\", \"http://b:1\"], clusters: {baseline: v1, canary: v2}, total: 1000, "
            + "runtime: {prefix: split.app}, tls: {ca_file: c}}",
        "{kind: envoy, instances: [\"http://a:1\"], clusters: {baseline: \"1\", canary: \"true\"}, unix_socket: e.sock, file: rds/app.yaml}",
        "{kind: envoy, clusters: {baseline: v1, canary: v2}, xds: {listen: \"[::1]:9413\", file: r.json, nodes: [\"1\", b c]}}",
        "{kind: traefik, instances: [\"http://a\"], service: app, services: {baseline: v1, canary: v2@file}, file: /etc/t/app.yml}",
        "{kind: traefik, instances: [\"http://a\"], service: app, services: {baseline: v1, canary: v2}, total: 10, "
            + "pull: {listen: \"127.0.0.1:9413\", file: app.yaml}, auth: {basic: {user: u, password_env: P}}}",
        "{kind: traefik, instances: [\"http://a\"], service: app, services: {baseline: v1, canary: v2}, "
            + "etcd: {endpoints: [\"https://e:2379\"], root_key: t/x, tls: {cert_file: c, key_file: k}}}",
        "{kind: traefik, instances: [\"http://a\"], service: app, services: {baseline: v1, canary: v2}, "
            + "redis: {address: run/redis.sock, user: ops, password_file: pw, database: 3}}",
        "{kind: etcd, endpoints: [\"http://e\"], key: /split, auth: {basic: {user: u, password_file: p}}}",
        "{kind: etcd, endpoints: [\"http://e\"], key: k, total: 7, value: {a: \"${weight.canary}\", b: [1, x]}, "
            + "canary: {pointer: /a}, baseline: {pointer: /c, filters: [fromjson], then: /d}}",
        "{kind: consul, address: \"http://c:8500\", service: shop, baseline: {subset: v1}, canary: {service: s2, subset: v2}, "
            + "datacenter: dc1, namespace: n, partition: p, auth: {header: {name: X-Consul-Token, value_file: t}}}",
        "{kind: kubernetes, namespace: web, http_route: shop, baseline: {service: s1}, canary: {service: s2}}",
        "{kind: kubernetes, address: \"https://k:6443\", namespace: web, virtual_service: shop, api_version: v1beta1, total: 1000, "
            + "baseline: {host: s, subset: v1}, canary: {host: t}, tls: {ca_file: c}, auth: {bearer_file: t}}",
    ])
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
