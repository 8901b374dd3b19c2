import ConfigurationFiles
import Support
import Telemetry
import Testing

/// One endpoint with the series of both pools, and endpoints that are one in two spellings.
struct PoolMatchTests {
    private static func load(baseline: String, canary: String) -> Rulebook.Result {
        let pools = Sample.changed("{version: v1, targets: [\"10.0.0.1:9090\"]}", to: "{version: v1, \(baseline)}")
        return Sample.load(
            Sample.changed("{version: v2, targets: [\"10.0.0.2:9090\"]}", to: "{version: v2, \(canary)}", in: pools))
    }

    private static let page = "targets: [\"http://lb:8405/metrics\"]"

    @Test(arguments: [
        ("match: {server: old1}", "match: {server: new1}"), ("match: '{server=~\"old.*\"}'", "match: {server: new1}"),
        ("match: {server: old1}", "match: '{server=~\"new.*\"}'"),
        ("match: '{server=~\"old1|old2\"}'", "match: '{server=~\"new.*\"}'"),
        ("match: '{server!~\"new.*\"}'", "match: '{server=~\"new.*\"}'"),
        ("match: '{server!=\"new1\"}'", "match: {server: new1, code: 200}"),
    ])
    func oneEndpointCanBeInBothPools(_ baseline: String, _ canary: String) throws {
        let result = Self.load(baseline: "\(baseline), \(Self.page)", canary: "\(canary), \(Self.page)")
        #expect(result.errors.isEmpty, "\(result.errors)")
        let release = try #require(result.plan).releases[0]
        #expect(release.baseline.targets[0].identity == release.canary.targets[0].identity)
    }

    @Test func matchersAreAddedToEachIndicator() throws {
        let match = "match: '{server=~\"new.*\",proxy=\"p\"}'"
        let plan = try #require(Self.load(baseline: "targets: [\"a:1\"]", canary: "\(match), targets: [\"b:1\"]").plan)
        let canary = plan.releases[0].indicators(of: .canary)
        #expect(canary.requests?.description == "requests_total{server=~\"new.*\",proxy=\"p\"}")
        #expect(canary.errors?.description == "errors_total{server=~\"new.*\",proxy=\"p\"}")
        #expect(canary.latency?.description == "seconds{server=~\"new.*\",proxy=\"p\"}")
        #expect(plan.releases[0].indicators(of: .baseline) == plan.releases[0].indicators)
    }

    /// Whatever the spelling, the endpoint would be compared with itself.
    @Test(arguments: [
        ("http://LB:8405/metrics", "http://lb:8405/metrics/"), ("http://lb/metrics", "http://lb:80/metrics"),
        ("http://localhost:1/m", "http://127.0.0.1:1/m"), ("http://[::1]:1/m", "http://localhost:1/m"),
        ("http://lb:1/m?a=1&b=2", "http://lb:1/m?b=2&a=1"), ("http://lb:1/%6D", "http://lb:1/m"),
        ("http://[2001:db8::1]:1/m", "http://[2001:0DB8:0:0::0001]:1/m"), ("http://lb:1/m", "http://lb.:1/./m?"),
        ("http://127.0.0.1:1/m", "http://0x7f000001:1/m"), ("http://127.0.0.1:1/m", "http://0177.0.0.1:1/m"),
        ("http://127.0.0.1:1/m", "http://0X7F.1:1/m"), ("http://10.0.0.8:1/m", "http://012.0.010:1/m"),
        ("http://10.0.0.8:1/m", "http://[::ffff:10.0.0.8]:1/m"),
    ])
    func twoSpellingsOfOneEndpointAreRefused(_ one: String, _ other: String) {
        let result = Self.load(baseline: "targets: [\"\(one)\"]", canary: "targets: [\"\(other)\"]")
        #expect(result.plan == nil)
        #expect(result.errors.contains { $0.text.contains("would be compared with itself") }, "\(result.errors)")
        #expect(result.errors.first?.line == 9)
    }

    @Test(arguments: [
        ("http://lb:1/m?pool=a", "http://lb:1/m?pool=b"), ("http://lb:1/a", "http://lb:1/b"),
        ("http://lb:1/m", "http://lb:2/m"), ("http://127.0.0.1:1/m", "http://127.0.0.2:1/m"),
        ("http://a.example:1/m", "http://b.example:1/m"), ("http://lb:1/a%2Fb", "http://lb:1/a/b"),
        ("http://lb:1/m?a=1&a=2", "http://lb:1/m?a=1"), ("http://10.0.0.8:1/m", "http://10.0.0.010:2/m"),
        ("http://0x:1/m", "http://0:1/m"), ("http://08:1/m", "http://8:1/m"), ("http://0x7g:1/m", "http://0x7:1/m"),
    ])
    func otherEndpointsStayApart(_ one: String, _ other: String) {
        #expect(EndpointIdentity(url: one) != EndpointIdentity(url: other))
    }

    @Test(arguments: [
        ("", "match: {server: new1}", "so it would be compared with itself"),
        ("match: {server: a}", "match: {server: a}", "can take the same series"),
        ("match: {server: a}", "match: {code: b}", "can take the same series"),
        ("match: {server: new1}", "match: '{server=~\"new.*\"}'", "can take the same series"),
    ])
    func oneEndpointWithoutMatchersThatExcludeEachOtherIsRefused(_ baseline: String, _ canary: String, _ words: String)
    {
        func pool(_ match: String) -> String { match.isEmpty ? Self.page : "\(match), \(Self.page)" }
        let result = Self.load(baseline: pool(baseline), canary: pool(canary))
        #expect(result.errors.count == 1 && result.errors[0].text.contains(words), "\(result.errors)")
    }

    @Test(arguments: ["labels", "select", "selector", "indicators", "matchers", "where", "filter"])
    func otherNamesOfMatchAreDistinguished(_ name: String) {
        let result = Self.load(baseline: "\(name): {server: a}, targets: [\"a:1\"]", canary: "targets: [\"b:1\"]")
        #expect(result.errors.count == 1 && result.errors[0].text.contains("did you mean 'match'?"))
    }

    @Test(arguments: [
        ("match: server", "must be labels such as"), ("match: '{}'", "there is no label"),
        ("match: 'a{b=\"c\"}'", "label matchers in braces"), ("match: '{\"a\",b=\"c\"}'", "a metric is named"),
        ("match: '{a=~\"(\"}'", "regular expression"), ("match: {}", "must have 1 to 20 labels"),
        ("match: {__name__: x}", "is not a label"), ("match: {a: [1]}", "must be a text"),
        ("match: '{a=\"b\"} x'", "nothing behind '}'"),
    ])
    func aBadMatchIsExplained(_ match: String, _ words: String) {
        let result = Self.load(baseline: "\(match), targets: [\"a:1\"]", canary: "targets: [\"b:1\"]")
        #expect(result.errors.count == 1 && result.errors[0].text.contains(words), "\(result.errors)")
    }
}

struct LatencyUnitTests {
    private static func load(_ latency: String) -> Rulebook.Result {
        Sample.load(Sample.changed("latency: seconds", to: latency))
    }

    @Test(arguments: [
        ("latency: d_milliseconds", LatencyUnit.milliseconds), ("latency: istio_ms_histogram", .milliseconds),
        ("latency: rpc_us", .microseconds), ("latency: x_nanoseconds", .nanoseconds),
        ("latency: '{\"http.server.duration.ms\"}'", .milliseconds),
    ])
    func aUnitInTheNameIsUsedAndSaid(_ latency: String, _ unit: LatencyUnit) {
        let result = Self.load(latency)
        #expect(result.plan?.releases[0].indicators.latencyUnit == unit)
        #expect(
            result.warnings.count == 1 && result.warnings[0].text.contains("write 'latency_unit: \(unit.rawValue)'"))
    }

    @Test(arguments: [
        ("latency: d_seconds", nil), ("latency: http_us_east_latency", nil), ("latency: d", nil),
        ("latency: d_milliseconds\n      latency_unit: s", LatencyUnit.seconds),
        ("latency: d_milliseconds\n      latency_unit: ms", .milliseconds),
        ("latency: d\n      latency_unit: ns", .nanoseconds),
    ])
    func aUnitThatIsWrittenIsNotDoubted(_ latency: String, _ unit: LatencyUnit?) {
        let result = Self.load(latency)
        #expect(result.plan?.releases[0].indicators.latencyUnit == unit)
        #expect(result.warnings.isEmpty, "\(result.warnings)")
    }

    @Test func boundsAreInTheUnit() {
        let bounds = Self.load("latency: d_ms\n      latency_bounds: [0.5, 10, 25ms]").plan?.releases[0].latencyBounds
        #expect(bounds == [0.0005, 0.01, 0.025])
    }

    @Test func boundsThatCannotBeSecondsAreDoubted() {
        let doubted = Self.load("latency: d\n      latency_bounds: [5, 100, 10000]")
        #expect(doubted.plan != nil && doubted.warnings.contains { $0.text.contains("can hardly be seconds") })
        let said = Self.load("latency: d\n      latency_unit: s\n      latency_bounds: [5, 100, 10000]")
        #expect(said.warnings.isEmpty)
    }

    @Test(arguments: ["_bucket", "_sum", "_count"]) func aSuffixIsDoubted(_ suffix: String) {
        let result = Self.load("latency: d\(suffix)")
        #expect(result.warnings.count == 1 && result.warnings[0].text.contains("'d' instead of 'd\(suffix)'"))
    }

    @Test func aUnitWithoutLatencyOrOfNoneIsRefused() {
        #expect(Self.load("latency_unit: ms").errors.contains { $0.text.contains("is the unit of 'latency'") })
        #expect(
            Self.load("latency: d\n      latency_unit: minutes").errors[0].text.contains("'s', 'ms', 'us' or 'ns'"))
    }
}
