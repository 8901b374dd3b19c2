import Telemetry
import Testing

@testable import Discovery

@Suite("Targets made of what sources list")
struct TargetResolverTests {
    private static func resolver() throws -> TargetResolver {
        var (drop, copy) = (RelabelRule(), RelabelRule())
        (drop.action, drop.sourceLabels, drop.regex) = (.drop, ["drop"], "yes")
        (copy.sourceLabels, copy.regex, copy.targetLabel) = (["__meta_version"], "(.+)", "version")
        return try TargetResolver(
            defaults: .init(job: "checkout"),
            selections: [
                SeriesMatchers(parsing: #"{version="v1"}"#), SeriesMatchers(parsing: #"{version=~"v[23]"}"#),
            ],
            relabelling: Relabelling([RelabelStep(drop), RelabelStep(copy)]))
    }

    private static func one(_ labels: LabelSet, group: LabelSet = [:]) throws -> ListedTarget {
        let group = TargetGroup(source: "s", labels: group, targets: [DiscoveredTarget(labels: labels, uniqueID: "u")])
        return try resolver().resolve([group])[0]
    }

    @Test func theDefaultsCompleteATarget() throws {
        let target = try Self.one(["__address__": "a:1", "version": "v1", "__secret": "x"])
        #expect(target.url == "http://a:1/metrics" && target.instance == "a:1" && target.place == 0)
        #expect(target.key.uniqueID == "u")
        #expect(target.labels == ["instance": "a:1", "job": "checkout", "version": "v1"])
        #expect(target.discovered["__scheme__"] == "http" && target.discovered["__metrics_path__"] == "/metrics")
    }

    @Test func ownLabelsWinAndTheOthersSayHowItIsScraped() throws {
        let target = try Self.one(
            ["__address__": "a:1", "__scheme__": "https", "__param_module": "a b", "version": "v3"],
            group: ["version": "v1", "__metrics_path__": "stats", "instance": "first"])
        #expect(target.url == "https://a:1/stats?module=a%20b" && target.place == 1)
        #expect(target.instance == "a:1/stats?module=a%20b" && target.labels["instance"] == "first")
    }

    @Test func relabellingComesBeforeThePool() throws {
        #expect(try Self.one(["__address__": "a:1", "__meta_version": "v2"]).place == 1)
        #expect(
            try Self.one(["__address__": "a:1", "drop": "yes"]).placement == .leftOut(.relabelled, detail: "by step 1"))
    }

    @Test(
        arguments: [
            ["__address__": "a:1"], ["__address__": "a:1", "version": "v9"],
        ] as [LabelSet])
    func aTargetThatNoPoolSelectsIsLeftOut(_ labels: LabelSet) throws {
        #expect(try Self.one(labels).placement == .leftOut(.unmatched, detail: ""))
    }

    @Test(
        arguments: [
            [:], ["__address__": "a"], ["__address__": "a:0"], ["__address__": "a:99999"],
            ["__address__": "http://a:1"],
            ["__address__": "a:1/metrics"], ["__address__": "user@a:1"], ["__address__": "a b:1"],
            ["__address__": "[::1]"],
            ["__address__": "a:1", "__scheme__": "ftp"], ["__address__": "a:1", "__metrics_path__": "/a b"],
        ] as [LabelSet])
    func whatCannotBeScrapedIsLeftOutWithTheReason(_ labels: LabelSet) throws {
        guard case .leftOut(.unusable, let reason) = try Self.one(labels).placement else {
            return #expect(Bool(false), "\(labels)")
        }
        #expect(!reason.isEmpty)
    }

    @Test func anAddressOfIPv6AndAUnixSocketAreAddresses() throws {
        #expect(try Self.one(["__address__": "[::1]:9090", "version": "v1"]).url == "http://[::1]:9090/metrics")
        let socket = try Self.one(["__address__": "app", "__unix_socket__": "/run/app.sock", "version": "v1"])
        #expect(socket.unixSocket == "/run/app.sock" && socket.place == 0)
    }
}
