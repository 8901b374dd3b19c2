import ConfigurationFiles
import Model
import Telemetry
import Testing

/// `indicators` with presets, sums and exclusions, `exposition`, and `source`.
struct IndicatorReadingTests {
    private static func load(_ indicators: String, _ before: String = "") -> Rulebook.Result {
        let own =
            "    indicators:\n      requests: requests_total\n      errors: errors_total\n      latency: seconds\n"
        return Sample.load(Sample.changed(own, to: before + "    indicators: \(indicators)\n"))
    }

    private static func release(_ result: Rulebook.Result) throws -> ReleasePlan {
        #expect(result.errors.isEmpty, "\(result.errors)")
        return try #require(result.plan).releases[0]
    }

    @Test func aPresetNamesTheSeries() throws {
        let list = try Self.release(Self.load("{preset: envoy}")).indicators
        #expect(list.requests?.metric == "envoy_cluster_upstream_rq_xx" && list.latencyUnit == .milliseconds)
        let haproxy = try Self.release(Self.load("{preset: haproxy}")).indicators
        #expect(haproxy.requestCounters.count == 3 && haproxy.errorCounters.count == 3 && haproxy.latency == nil)
    }

    @Test func partsOfAPresetAreReplaced() throws {
        let list = try Self.release(
            Self.load("{preset: flask, latency: own_ms, latency_unit: ms, exclude: {path: /internal}}")
        ).indicators
        #expect(list.requests?.metric == "flask_http_request_total" && list.latency?.metric == "own_ms")
        #expect(list.latencyUnit == .milliseconds && list.excluded.description == "{path=\"/internal\"}")
    }

    @Test func thePresenceIsThePoolsOwn() throws {
        let preset = try Self.release(Self.load("{preset: traefik}")).indicators
        #expect(preset.presence?.metric == "traefik_service_server_up")
        let list = try Self.release(Self.load("{preset: traefik, presence: own_up}")).indicators
        #expect(list.presence?.metric == "own_up" && list.seriesNames.contains("own_up"))
        let canary = list.narrowed(by: try SeriesMatchers(parsing: "{service=\"new@file\"}"))
        #expect(canary.presence?.matchers.map(\.label) == ["service"])
    }

    @Test func severalCountersAreASum() throws {
        let release = try Self.release(
            Self.load("{requests: [a_total, b_total], errors: ['a_total{code=\"5\"}', b_total]}"))
        #expect(release.indicators.requestCounters.map(\.metric) == ["a_total", "b_total"])
        #expect(release.indicators.errorCounters.map(\.metric) == ["a_total", "b_total"])
        let canary = release.indicators.narrowed(by: try SeriesMatchers(parsing: "{p=\"x\"}"))
        #expect(canary.requestCounters.allSatisfy { $0.matchers.contains { $0.label == "p" } })
    }

    @Test(arguments: [
        ("{preset: spring}", "spring-boot"), ("{preset: nginx-stub-status}", "cannot be used"),
        ("{preset: flask, requests: r_total}", "replaced together"), ("{requests: []}", "1 to 10 selectors"),
        ("{requests: [r_total, r_total]}", "is in the list already"),
        ("{requests: r_total, exclude: '{path=~\".*\"}'}", "nothing would be counted"),
        ("{exclude: {path: /a}}", "needs 'preset', or at least one"),
        ("{requests: r_total, exclude: {}}", "1 to 20 labels"),
        ("{latency: l_seconds, presence: up}", "'presence' needs 'requests'"),
    ])
    func whatCannotBeUsedIsRefused(_ indicators: String, _ reason: String) {
        let result = Self.load(indicators)
        #expect(result.errors.contains { "\($0)".contains(reason) }, "\(result.errors)")
    }

    @Test func aUnitThatContradictsTheNameIsDoubted() throws {
        let result = Self.load("{requests: r_total, errors: e_total, latency: answer_seconds, latency_unit: ms}")
        #expect(result.warnings.contains { $0.text.contains("contradicts the name") }, "\(result.warnings)")
        // `s` confirms that a name is wrong.
        let confirmed = Self.load("{requests: r_total, errors: e_total, latency: answer_ms, latency_unit: s}")
        #expect(confirmed.warnings.isEmpty, "\(confirmed.warnings)")
    }

    // MARK: exposition

    private static func exposition(_ baseline: String, _ canary: String) -> Rulebook.Result {
        let pools = Sample.changed(
            "    pools:\n", to: "    exposition: {targets: [\"lb:8405\", \"lb2:8405\"]}\n    pools:\n")
        let old = Sample.changed(
            "{version: v1, targets: [\"10.0.0.1:9090\"]}", to: "{version: v1\(baseline)}", in: pools)
        return Sample.load(
            Sample.changed("{version: v2, targets: [\"10.0.0.2:9090\"]}", to: "{version: v2\(canary)}", in: old))
    }

    @Test func anExpositionIsInBothPools() throws {
        let release = try Self.release(
            Self.exposition(", match: {server: a}, instance_label: server", ", match: {server: b}"))
        #expect(release.baseline.targets == release.canary.targets && release.baseline.targets.count == 2)
        #expect(release.baseline.instanceLabel == "server" && release.canary.instanceLabel == nil)
    }

    @Test(arguments: [
        ("", ", match: {server: b}", "would be compared with itself"),
        (", match: {server: b}", ", match: {server: b}", "can take the same series"),
        (", match: {server: a}, targets: [\"x:1\"]", ", match: {server: b}", "remove 'targets'"),
    ])
    func anExpositionNeedsPoolsThatExcludeEachOther(_ baseline: String, _ canary: String, _ reason: String) {
        let result = Self.exposition(baseline, canary)
        #expect(result.errors.contains { "\($0)".contains(reason) }, "\(result.errors)")
    }

    // MARK: source

    private static func source(_ fields: String, requests: String = "requests_total") -> Rulebook.Result {
        Sample.load(
            Sample.changed(
                "    indicators:\n      requests: requests_total",
                to: "    source: {kind: prometheus, \(fields)}\n    indicators:\n      requests: \(requests)"))
    }

    @Test func samplesOfAServer() throws {
        let fields =
            "url: \"http://p:9090\", flavour: thanos, max_age: 45s, headers: {X-Scope-OrgID: shop}, pools: [baseline]"
        let release = try Self.release(Self.source(fields))
        #expect(release.baseline.server?.url == "http://p:9090" && release.baseline.server?.flavour == .thanos)
        #expect(release.baseline.server?.maxAgeMs == 45_000 && release.baseline.server?.headers.count == 1)
        #expect(release.canary.server == nil)
        let both = try Self.release(Self.source("url: \"https://p/prometheus\""))
        #expect(both.baseline.server == both.canary.server && both.canary.server != nil)
    }

    @Test(arguments: [
        ("url: \"p:9090\"", "requests_total", "must be a URL"),
        ("url: \"http://p:9090/api/v1\"", "requests_total", "without '/api/v1'"),
        ("url: \"http://p:9090\", pools: []", "requests_total", "'pools'"),
        ("url: \"http://p:9090\"", "\"job:requests:rate5m\"", "recording rule"),
    ])
    func aSourceThatCannotBeUsedIsRefused(_ fields: String, _ requests: String, _ reason: String) {
        let result = Self.source(fields, requests: requests)
        #expect(result.errors.contains { "\($0)".contains(reason) }, "\(result.errors)")
    }

    /// What `check --effective` prints reads back as the same release.
    @Test(arguments: [
        "{preset: haproxy}", "{preset: spring-boot}", "{preset: kong-2}",
        "{requests: [a_total, b_total], errors: a_total, exclude: '{path=~\"/a|/b\",x!=\"\"}'}",
        "{preset: traefik, presence: 'own_up{kind=\"server\"}'}",
    ])
    func theEffectiveConfigurationReadsBack(_ indicators: String) throws {
        let result = Self.load(indicators, "    source: {kind: prometheus, url: \"http://p:9090\", pools: [canary]}\n")
        let plan = try #require(result.plan, "\(result.errors)")
        let again = Sample.load(Rulebook.effectiveYAML(of: plan, kinds: Sample.kinds))
        #expect(again.plan?.releases.first?.indicators == plan.releases[0].indicators, "\(again.errors)")
        #expect(again.plan?.releases.first?.canary == plan.releases[0].canary)
    }
}
