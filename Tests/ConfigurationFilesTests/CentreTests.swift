import Centres
import ConfigurationFiles
import Declarations
import Model
import Testing

/// What a configuration centre adds to a configuration file, and what it must not decide.
@Suite("The content of a configuration centre")
struct CentreTests {
    private static let local = """
        state: /var/lib/rollguard
        centre: {kind: etcd, endpoints: ["http://127.0.0.1:2379"]}

        """
    private static let label = "etcd:/rollguard/v1/"
    /// As a file of its own, without the list's indentation.
    private static let release = """
        name: checkout
        scrape: {interval: 5s}
        pools:
          baseline: {version: v1, targets: ["10.0.0.1:9090"]}
          canary: {version: v2, targets: ["10.0.0.2:9090"]}
        indicators: {requests: requests_total, errors: errors_total}
        router: {kind: gray, instances: ["http://127.0.0.1:9412"]}
        rules: ["rules/*.yaml"]

        """

    private static func state(_ texts: [String: String]) -> CentreState {
        let files = texts.map { CentreFile(path: $0.key, bytes: Array($0.value.utf8)) }.sorted { $0.path < $1.path }
        return CentreState(
            label: label, revision: "7", order: 7, digest: "sha256:0", manifest: nil, files: files)
    }

    private static func load(_ texts: [String: String], local: String = local) -> Rulebook.Result {
        Rulebook.load(
            configuration: Sample.path, files: MemoryFiles([Sample.path: local]), kinds: Sample.kinds,
            centre: state(texts))
    }

    private static let whole = [
        "releases/checkout.yaml": release, "rules/errors.yaml": Sample.rules,
        "receivers/oncall.yaml":
            "{name: oncall, kind: webhook, url: \"https://hooks.example/a\", secret_file: secrets/a}",
    ]

    @Test func releasesRulesAndReceiversComeFromTheCentre() throws {
        let result = Self.load(Self.whole)
        #expect(result.errors.isEmpty, "\(result.errors)")
        let plan = try #require(result.plan)
        #expect(plan.releases.map(\.name) == ["checkout"])
        #expect(plan.releases[0].origin == Self.label + "releases/checkout.yaml")
        #expect(plan.releases[0].rules.map(\.name) == ["CanaryErrors"])
        #expect(plan.releases[0].rules[0].source?.file == Self.label + "rules/errors.yaml")
        #expect(plan.receivers.map(\.name) == ["oncall"])
        #expect(plan.receivers[0].secret == .file("/etc/rollguard/secrets/a"), "secrets are on the host")
    }

    /// Of a release of the centre as of one of the file.
    @Test func aShareOfTheCentreIsRefusedBesideReplicas() {
        var texts = Self.whole
        texts["releases/checkout.yaml"] = Self.release + "share_from: centre\n"
        #expect(Self.load(texts).errors.isEmpty)
        let replicas = "replicas: {name: rg-1, store: {kind: etcd, endpoints: [\"http://127.0.0.1:2379\"]}}\n"
        let errors = Self.load(texts, local: Self.local + replicas).errors.map { "\($0)" }
        #expect(errors.count == 1 && errors[0].contains("releases/checkout.yaml"), "\(errors)")
        #expect(errors.first?.contains("does not work with 'replicas' yet; let one daemon follow") == true)
    }

    @Test func oneDocumentMayHoldEverything() throws {
        let indented = Self.release.split(separator: "\n").enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
        let text =
            "receivers:\n  - {name: oncall, kind: webhook, url: \"https://hooks.example/a\"}\nreleases:\n"
            + indented.joined(separator: "\n") + "\n"
        let plan = try #require(Self.load(["rollguard.yaml": text, "rules/errors.yaml": Sample.rules]).plan)
        #expect(plan.releases.map(\.name) == ["checkout"] && plan.receivers.map(\.name) == ["oncall"])
    }

    @Test func errorsNameTheKeyAndAllAreReported() {
        var texts = Self.whole
        texts["rules/errors.yaml"] = Sample.rules.replacing("indicator:", with: "indicatr:")
        texts["releases/checkout.yaml"] = Self.release.replacing("scrape:", with: "scrap:")
        let errors = Self.load(texts).errors
        #expect(errors.contains { $0.file == Self.label + "rules/errors.yaml" && $0.line == 5 })
        #expect(errors.contains { $0.file == Self.label + "releases/checkout.yaml" && $0.line == 2 })
    }

    @Test func theFileKeepsAnObjectThatBothHave() throws {
        let result = Rulebook.load(
            configuration: Sample.path,
            files: MemoryFiles([
                Sample.path: Sample.configuration + "centre: {kind: etcd, endpoints: [\"http://127.0.0.1:2379\"]}\n",
                Sample.rulePath: Sample.rules,
            ]), kinds: Sample.kinds, centre: Self.state(Self.whole))
        let plan = try #require(result.plan)
        #expect(plan.releases.map(\.origin) == [nil])
        #expect(plan.receivers.map(\.origin) == [nil])
        #expect(result.warnings.count { "\($0)".contains("is in the configuration file too") } == 2)
    }

    /// Each would run a program, read a file or reach a socket that the author of the centre chooses.
    @Test(arguments: [
        (
            "router: {kind: nginx, instances: [{file: /etc/nginx/x, command: [/bin/sh], state_url: \"http://127.0.0.1\"}]}",
            "'command' may not come"
        ),
        (
            "router: {kind: gray, instances: [\"http://127.0.0.1:9412\"], auth: {bearer_file: /etc/shadow}}",
            "'bearer_file' from"
        ),
        (
            "router: {kind: gray, instances: [\"http://127.0.0.1:9412\"], auth: {bearer_file: secrets/../rollguard.yaml}}",
            "'bearer_file' from"
        ),
        (
            "router: {kind: gray, instances: [\"http://127.0.0.1:9412\"], tls: {insecure_skip_verify: true}}",
            "'insecure_skip_verify' may not"
        ),
        (
            "router: {kind: envoy, unix_socket: /run/x, instances: [\"http://127.0.0.1:9412\"]}",
            "'unix_socket' may not come"
        ),
    ])
    func whatACentreMustNotDecideIsRefused(_ router: String, _ expected: String) {
        var texts = Self.whole
        texts["releases/checkout.yaml"] = Self.release.replacing(
            "router: {kind: gray, instances: [\"http://127.0.0.1:9412\"]}", with: router)
        #expect(Self.load(texts).errors.contains { $0.text.contains(expected) }, "\(router)")
    }

    /// Rule files of the host would be shown in messages.
    @Test(arguments: ["/etc/passwd", "/usr/share/rollguard/rules/../../../../etc/passwd", "/etc/*", "../secret.yaml"])
    func filesOfTheHostAreNoRules(_ path: String) {
        var texts = Self.whole
        texts["releases/checkout.yaml"] = Self.release.replacing("rules/*.yaml", with: path)
        var known = [Sample.path: Self.local, "/etc/passwd": Sample.rules]
        known[path] = Sample.rules
        let host = MemoryFiles(known)
        let result = Rulebook.load(
            configuration: Sample.path, files: host, kinds: Sample.kinds, centre: Self.state(texts))
        #expect(result.plan == nil && !result.errors.isEmpty)
    }

    @Test func readyRulesMayBeNamed() throws {
        let path = "/usr/share/rollguard/rules/errors.yaml"
        var texts = Self.whole
        texts["releases/checkout.yaml"] = Self.release.replacing("rules/*.yaml", with: path)
        let host = MemoryFiles([Sample.path: Self.local, path: Sample.rules])
        let result = Rulebook.load(
            configuration: Sample.path, files: host, kinds: Sample.kinds, centre: Self.state(texts))
        #expect(result.plan?.releases[0].rules.count == 1, "\(result.errors)")
    }

    @Test func withoutACentreReleasesAreNeededAndAStateIsIgnored() {
        let none = Self.load(Self.whole, local: "state: /var/lib/rollguard\n")
        #expect(none.plan == nil)
        #expect(Self.load([:]).plan?.releases.isEmpty == true, "with one, the file may have none")
    }

    @Test(arguments: [
        ("{kind: etcd, endpoints: [\"http://127.0.0.1:2379\"], prefix: a}", "slash"),
        ("{kind: consul, address: \"http://127.0.0.1:8500\", prefix: /a/}", "begin with no slash"),
        ("{kind: apollo, meta: [\"http://127.0.0.1:8080\"], app_id: shop, namespaces: [application]}", "names no file"),
        ("{kind: nacos, address: \"http://127.0.0.1:8848\", data_ids: [x.json]}", "names no file"),
        ("{kind: zookeeper}", "zookeeper"), ("{prefix: a/}", "'centre' needs 'kind'"), ("[]", "mapping"),
        (
            "{kind: etcd, endpoints: [\"https://etcd-1:2379\", \"http://etcd-2:2379\"]}",
            "'http://etcd-2:2379' is plain HTTP to another host"
        ),
        ("{kind: consul, address: \"http://10.0.0.1:8500\"}", "write 'insecure: true'"),
    ])
    func aCentreThatCannotBeUsedIsRefused(_ centre: String, _ expected: String) {
        let errors = Self.load([:], local: "state: /var/lib/rollguard\ncentre: \(centre)\n").errors
        #expect(errors.contains { $0.text.contains(expected) }, "\(errors)")
    }

    /// Each kind reads back what it writes.
    @Test(arguments: [
        "{kind: etcd, endpoints: [\"http://127.0.0.1:2379\"], prefix: shop/}",
        "{kind: consul, address: \"http://127.0.0.1:8500\", token_file: consul.token, wait: 20s}",
        "{kind: apollo, meta: [\"http://127.0.0.1:8080\"], app_id: shop, namespaces: [rollguard.yaml], label: blue}",
        "{kind: nacos, address: \"http://127.0.0.1:8848\", api: v3, data_ids: [rollguard.yaml], secrets_dir: /run/s}",
        "{kind: etcd, endpoints: [\"http://[::1]:2379\", \"http://localhost:2379\"]}",
        "{kind: consul, address: \"http://10.0.0.1:8500\", insecure: true}",
    ])
    func whatIsWrittenReadsBack(_ centre: String) throws {
        let plan = try #require(Self.load([:], local: "state: /var/lib/rollguard\ncentre: \(centre)\n").plan)
        let again = Self.load([:], local: Rulebook.effectiveYAML(of: plan, kinds: Sample.kinds))
        #expect(again.plan?.centre == plan.centre, "\(again.errors)")
    }
}
