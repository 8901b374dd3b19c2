import ConfigurationFiles
import Model
import Routers
import Telemetry
import Testing

@testable import Notifications

/// What valid configurations mean.
struct PlanTests {
    private static let router = "{kind: gray, instances: [\"http://127.0.0.1:9412\"]}"

    private func plan(_ piece: String, _ other: String, sourceLocation: SourceLocation = #_sourceLocation) throws
        -> Plan
    {
        let result = Sample.load(Sample.changed(piece, to: other))
        return try #require(result.plan, "\(result.errors)", sourceLocation: sourceLocation)
    }

    @Test func whatIsLeftOutHasItsDefault() throws {
        let result = Sample.load()
        let plan = try #require(result.plan)
        let condition = Condition.and(
            .compare(.value(.canary), .greater, .combine(.number(2), .multiply, .value(.baseline))),
            .compare(.value(.canary), .greater, .number(0.01)))
        let release = ReleasePlan(
            name: "checkout",
            baseline: PoolPlan(
                version: "v1", targets: [TargetPlan(instance: "10.0.0.1:9090", url: "http://10.0.0.1:9090/metrics")]),
            canary: PoolPlan(
                version: "v2", targets: [TargetPlan(instance: "10.0.0.2:9090", url: "http://10.0.0.2:9090/metrics")]),
            indicators: WatchList(
                requests: SeriesSelector(metric: "requests_total"), errors: SeriesSelector(metric: "errors_total"),
                latency: SeriesSelector(metric: "seconds")),
            router: RouterPlan(GrayRouterPlan(instances: ["http://127.0.0.1:9412"])),
            rules: [
                RulePlan(
                    group: "errors", name: "CanaryErrors", indicator: .errorRate, windowMs: 60_000,
                    condition: condition,
                    conditionText: "canary > 2 * baseline and canary > 1%", labels: [TextPair("severity", "page")],
                    source: RulePlan.Source(file: Sample.rulePath, line: 4))
            ])
        #expect(
            plan
                == Plan(
                    daemon: DaemonPlan(stateDirectory: "/var/lib/rollguard"),
                    receivers: [ReceiverPlan(name: "oncall", kind: WebhookKind.kind, url: "https://hooks.example/a")],
                    releases: [release]))
    }

    @Test(arguments: [
        ("https://rollguard.example", "https://rollguard.example"),
        ("http://[::1]:9411/", "http://[::1]:9411"), ("https://a.example/b/c//", "https://a.example/b/c"),
    ])
    func theExternalURLHasNoSlashAtItsEnd(text: String, url: String) throws {
        let daemon = try plan("state: /var/lib/rollguard", "state: /a\nexternal_url: \"\(text)\"").daemon
        #expect(daemon.externalURL == url)
    }

    @Test(arguments: [
        ("127.0.0.1:9411", "127.0.0.1", 9_411), ("\"[::1]:0\"", "::1", 0), ("localhost:80", "localhost", 80),
        ("{address: \"0.0.0.0:1\", token_env: TOKEN}", "0.0.0.0", 1), ("{token_env: TOKEN}", "127.0.0.1", 9_411),
    ])
    func listenAddresses(_ text: String, _ host: String, _ port: Int) throws {
        let listen = try plan("state: /var/lib/rollguard", "state: /a\nlisten: \(text)").daemon.listen
        #expect(listen.host == host)
        #expect(listen.port == port)
        #expect(listen.token == (text.contains("TOKEN") ? .environment("TOKEN") : nil))
    }

    @Test(arguments: [
        ("{address: \"0.0.0.0:1\", token_env: T}", true), ("{address: \"10.0.0.1:1\", token_file: /t}", true),
        ("{address: \"127.0.0.1:1\", token_env: T}", false), ("{address: \"[::1]:1\", token_env: T}", false),
        ("{token_env: T}", false), ("{address: \"0.0.0.0:1\"}", false),
        ("{address: \"0.0.0.0:1\", token_env: T, tls: {cert_file: c, key_file: k}}", false),
    ])
    func aTokenInTheClearIsWarnedOf(_ text: String, _ isWarned: Bool) throws {
        let configuration = Sample.changed("state: /var/lib/rollguard", to: "state: /a\nlisten: \(text)")
        let result = Sample.load(configuration)
        #expect(result.warnings.contains { "\($0)".contains("without TLS") } == isWarned)
    }

    @Test(arguments: [
        ("{changes: loopback}", true, []), ("{changes: socket}", false, []),
        ("{token_env: TOKEN, changes: token}", false, []),
        ("{names: [Rollguard.internal, a-b.example]}", false, ["rollguard.internal", "a-b.example"]),
    ])
    func whoMayChangeThings(_ text: String, _ allowsLoopbackChanges: Bool, _ names: [String]) throws {
        let listen = try plan("state: /var/lib/rollguard", "state: /a\nlisten: \(text)").daemon.listen
        #expect(listen.allowsLoopbackChanges == allowsLoopbackChanges)
        #expect(listen.names == names)
    }

    @Test(arguments: [
        ("listen: \"127.0.0.1:1\"", true), ("listen: {address: \"127.0.0.1:1\"}", true), ("", true),
        ("listen: {names: [a.example]}", true), ("listen: {changes: loopback}", true),
        ("listen: {changes: socket}", false),
        ("listen: {token_env: T}", false), ("listen: {token_file: /t, changes: token}", false),
    ])
    func theOneWhoStartsTheDaemonSaysWhatHoldsWithoutATokenAndWithoutChanges(
        _ listen: String, _ isAllowed: Bool
    ) throws {
        let text = Sample.changed("state: /var/lib/rollguard", to: "state: /a\n" + listen)
        let files = MemoryFiles([Sample.path: text, Sample.rulePath: Sample.rules])
        let asked = Rulebook.load(configuration: Sample.path, files: files, allowsLoopbackChanges: true)
        #expect(asked.plan?.daemon.listen.allowsLoopbackChanges == isAllowed, "\(asked.errors)")
        let plain = Rulebook.load(configuration: Sample.path, files: files)
        #expect(plain.plan?.daemon.listen.allowsLoopbackChanges == listen.contains("changes: loopback"))
    }

    @Test func certificatesAreFoundBesideTheConfigurationAndJudgedWhereTheyAreNamed() throws {
        let text = Sample.changed(
            "state: /var/lib/rollguard", to: "state: /a\nlisten: {tls: {cert_file: a.pem, key_file: /k/a.key}}")
        let files = MemoryFiles([Sample.path: text, Sample.rulePath: Sample.rules])
        func load(_ remarks: [TLSFileRemark]) -> Rulebook.Result {
            Rulebook.load(configuration: Sample.path, files: files, judgingTLS: { _ in remarks })
        }
        #expect(
            load([]).plan?.daemon.listen.tls
                == ListenTLS(certificateFile: "/etc/rollguard/a.pem", keyFile: "/k/a.key"))
        let refused = load([TLSFileRemark(isAboutKey: true, isError: true, text: "it is another's")])
        #expect(Sample.errors(refused) == ["rollguard.yaml:2:44: error: it is another's"])
        let warned = load([TLSFileRemark(isAboutKey: false, isError: false, text: "it has expired")])
        #expect(warned.plan != nil)
        #expect(warned.warnings.map(Sample.headline) == ["rollguard.yaml:2:27: warning: it has expired"])
    }

    @Test(arguments: [
        ("500ms", 500), ("5s", 5_000), ("1m", 60_000), ("1h30m", 5_400_000), ("1d", 86_400_000),
        ("1w2d3h4m5s6ms", 788_645_006),
        ("0090s", 90_000),
    ])
    func durations(_ text: String, _ expected: Int64) throws {
        let journal = try plan("state: /var/lib/rollguard", "state: /a\njournal: {retention: \(text)}").daemon.journal
        #expect(journal.retentionMs == expected)
    }

    @Test(arguments: [
        ("64MB", 64_000_000), ("10MiB", 10 << 20), ("1kB", 1_000), ("4096", 4_096), ("512MiB", 512 << 20), ("7B", 7),
    ])
    func sizes(_ text: String, _ expected: Int) throws {
        #expect(try plan("{interval: 5s}", "{body_limit: \(text)}").releases[0].scrape.bodyLimitBytes == expected)
    }

    @Test func targetsAreCompletedFromTheScrape() throws {
        let text = Sample.changed("{interval: 5s}", to: "{scheme: https, path: /m?x=1}")
        let targets =
            "[\"a:1\", \"http://b:2\", \"http://c/path\", \"[::1]:9\", "
            + "{address: localhost, unix_socket: x.sock, instance: sock}, {address: \"https://d\", instance: \"d!\"}]"
        let result = Sample.load(Sample.changed("[\"10.0.0.2:9090\"]", to: targets, in: text))
        #expect(result.errors.isEmpty, "\(result.errors)")
        #expect(
            result.plan?.releases[0].canary.targets == [
                TargetPlan(instance: "a:1", url: "https://a:1/m?x=1"),
                TargetPlan(instance: "b:2", url: "http://b:2/m?x=1"),
                TargetPlan(instance: "c:80", url: "http://c/path"),
                TargetPlan(instance: "[::1]:9", url: "https://[::1]:9/m?x=1"),
                TargetPlan(instance: "sock", url: "https://localhost/m?x=1", unixSocket: "/etc/rollguard/x.sock"),
                TargetPlan(instance: "d!", url: "https://d/m?x=1"),
            ])
    }

    @Test func timeoutsThatAreLeftOutFitTheirLimits() throws {
        let release = try plan("{interval: 5s}", "{interval: 1s}").releases[0]
        #expect(release.scrape.timeoutMs == 1_000)
        let rollback = try plan("    rules: [", "    rollback: {deadline: 1s, retry: {max: 100ms}}\n    rules: [")
            .releases[0].rollback
        // The deadline is as long as a proof takes at least; `check` refuses the shorter one.
        #expect(rollback == RollbackPlan(callTimeoutMs: 1_000, retryMinMs: 100, retryMaxMs: 100, deadlineMs: 17_000))
    }

    @Test func aRollbackInSteps() throws {
        let text = "    drain: {steps: [25%, 50%, 100%], pause: 2s}\n    rules: ["
        let drain = try plan("    rules: [", text).releases[0].drain
        #expect(
            drain == DrainPlan(stepsBasisPoints: [2_500, 5_000, 10_000], pauseMs: 2_000, atOnceAboveErrorRate: 0.2))
        #expect(try plan("    rules: [", "    rules: [").releases[0].drain == nil)
    }

    @Test func haproxyBySocketAndWeights() throws {
        let router = try plan(
            Self.router,
            "{kind: haproxy, sockets: [a.sock, \"127.0.0.1:9999\"], backend: b, servers: {baseline: [o], canary: [n]}, sticky: true}"
        ).releases[0].router
        #expect(
            router
                == RouterPlan(
                    HAProxyPlan(
                        sockets: ["/etc/rollguard/a.sock", "127.0.0.1:9999"],
                        mode: .weights(backend: "b", baseline: ["o"], canary: ["n"], sticky: true))))
    }

    @Test func haproxyByMap() throws {
        let router = try plan(
            Self.router, "{kind: haproxy, socket: /run/x.sock, map: {file: maps/split.map, key: checkout}}"
        ).releases[0].router
        #expect(
            router
                == RouterPlan(
                    HAProxyPlan(sockets: ["/run/x.sock"], mode: .map(file: "maps/split.map", key: "checkout"))))
    }

    @Test func httpRouterKeepsTypes() throws {
        let router = try plan(
            Self.router,
            """

                  kind: http
                  instances: ["http://a:1"]
                  total: 256
                  variables: {k: v}
                  set:
                    - {url: /get, expect: 200, capture: {etag: {header: ETag}, rev: {pointer: /r}}}
                    - method: PUT
                      url: /set
                      headers: {If-Match: "${etag}", X-Token: "${rev}"}
                      conflict: []
                      body: {n: null, t: true, i: 5, f: -1.5e2, s: "5", w: "${weight.canary}", l: [yes, 0x1F], y: 010}
                      body_equals: OK
                      require: [{pointer: /ok, filters: [fromjson], equals: true, conflict: true}, {pointer: "", equals: null}]
                  read_back:
                    steps: [{url: "http://other/x"}]
                    canary: {pointer: /w/0, filters: [unb64, fromjson], then: /v}
            """
        ).releases[0].router
        let body = HTTPRouterPlan.Body.object([
            .init(name: "n", value: .null), .init(name: "t", value: .bool(true)), .init(name: "i", value: .number(5)),
            .init(name: "f", value: .number(-150)), .init(name: "s", value: .text("5")),
            .init(name: "w", value: .text("${weight.canary}")),
            .init(name: "l", value: .list([.text("yes"), .text("0x1F")])),
            .init(name: "y", value: .text("010")),
        ])
        let set = [
            HTTPRouterPlan.Step(
                url: "/get", expect: [200],
                capture: [
                    .init(variable: "etag", origin: .header("ETag")), .init(variable: "rev", origin: .pointer("/r")),
                ]),
            HTTPRouterPlan.Step(
                method: "PUT", url: "/set", headers: [TextPair("If-Match", "${etag}"), TextPair("X-Token", "${rev}")],
                body: body,
                conflict: [], bodyEquals: "OK",
                require: [
                    .init(pointer: "/ok", filters: ["fromjson"], equals: .bool(true), isConflict: true),
                    .init(pointer: "", equals: .null),
                ]),
        ]
        let readBack = HTTPRouterPlan.ReadBack(
            steps: [.init(url: "http://other/x")],
            canary: .init(pointer: "/w/0", filters: ["unb64", "fromjson"], then: "/v"))
        #expect(
            router
                == RouterPlan(
                    HTTPRouterPlan(
                        instances: ["http://a:1"], total: 256, variables: [TextPair("k", "v")], set: set,
                        readBack: readBack)))
    }

    @Test func ruleFilesAndGroupsInlineKeepTheirOrder() throws {
        let inline = "{name: inline, rules: [{alert: First, indicator: latency_p99.9, window: 10s, when: canary > 1s}]}"
        let rules = try plan("[\"rules/*.yaml\"]", "[\(inline), rules/errors.yaml, ./rules/errors.yaml]").releases[0]
            .rules
        #expect(rules.map(\.name) == ["First", "CanaryErrors"])
        #expect(rules.map(\.group) == ["inline", "errors"])
        #expect(rules[0].indicator == .latencyQuantile(0.999))
        #expect(rules[0].source == RulePlan.Source(file: Sample.path, line: 15))
    }

    @Test func aRuleMayHaveEverything() throws {
        let rules = Sample.changed(
            "labels: {severity: page}",
            to: """
                min_requests: 12.5
                        for: 0s
                        keep_firing_for: 1m
                        no_data: breach
                        action: hold
                        labels: {z: 1, a: "{{ release }}"}
                        annotations:
                          summary: "{{canary}} {{ $labels.z }} of {{ canary_version }}"
                          description: |
                            two
                            lines
                """, in: Sample.rules)
        let rule = try #require(Sample.load(rules: rules).plan?.releases[0].rules[0])
        #expect(rule.threshold?.minRequests == 12.5)
        #expect(rule.forMs == 0)
        #expect(rule.keepFiringForMs == 60_000)
        #expect(rule.threshold?.noData == .breach)
        #expect(rule.action == .hold)
        #expect(rule.labels == [TextPair("a", "{{ release }}"), TextPair("z", "1")])
        #expect(
            rule.annotations == [
                TextPair("description", "two\nlines\n"),
                TextPair("summary", "{{canary}} {{ $labels.z }} of {{ canary_version }}"),
            ])
    }
}
