import ConfigurationFiles
import Declarations
import Model
import Testing

/// `check --effective` shows where each value comes from.
@Suite("Origins of values")
struct OriginTests {
    private static func values(_ result: Rulebook.Result) throws -> [String: EffectiveValue] {
        #expect(result.errors.isEmpty, "\(result.errors)")
        let values = Rulebook.effectiveValues(
            of: try #require(result.plan), kinds: Sample.kinds, sources: result.sources)
        return Dictionary(values.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static func load(_ files: [String: String], centre: CentreState? = nil) -> Rulebook.Result {
        Rulebook.load(
            configuration: Sample.path, files: MemoryFiles(files), kinds: Sample.kinds, centre: centre)
    }

    @Test func filesIncludesAndDefaultsAreNamed() throws {
        let values = try Self.values(Self.load([Sample.path: Sample.configuration, Sample.rulePath: Sample.rules]))
        func origin(_ path: String) -> String { values[path]?.origin.text ?? "no \(path) in \(values.keys.sorted())" }
        #expect(origin("state") == "\(Sample.path):1")
        #expect(origin("receivers[oncall].url") == "\(Sample.path):3")
        #expect(origin("releases[checkout].scrape.interval") == "\(Sample.path):6")
        #expect(origin("releases[checkout].scrape.timeout") == "default")
        #expect(origin("journal.grace") == "default")
        #expect(origin("releases[checkout].indicators.errors") == "\(Sample.path):12")
        #expect(origin("releases[checkout].pools.canary.version") == "\(Sample.path):9")
        #expect(origin("releases[checkout].rules[errors].rules[CanaryErrors].window") == "\(Sample.rulePath):6")
        #expect(origin("releases[checkout].rules[errors].rules[CanaryErrors].for") == "default")
    }

    @Test func aFileOfReleasesIsNamed() throws {
        let release = """
            name: checkout
            pools:
              baseline: {version: v1, targets: ["10.0.0.1:9090"]}
              canary: {version: v2, targets: ["10.0.0.2:9090"]}
            indicators: {requests: requests_total, errors: errors_total}
            router: {kind: gray, instances: ["http://127.0.0.1:9412"]}
            rules: ["rules/*.yaml"]

            """
        let values = try Self.values(
            Self.load([
                Sample.path: "state: /var/lib/rollguard\nreleases: [\"releases/*.yaml\"]\n",
                "/etc/rollguard/releases/checkout.yaml": release, Sample.rulePath: Sample.rules,
            ]))
        let origin = values["releases[checkout].pools.baseline.version"]?.origin.text
        #expect(origin == "/etc/rollguard/releases/checkout.yaml:3")
    }

    @Test func aKeyOfTheCentreHasItsRevision() throws {
        let label = "etcd:/rollguard/v1/"
        let release = """
            name: checkout
            scrape: {interval: 7s}
            pools:
              baseline: {version: v1, targets: ["10.0.0.1:9090"]}
              canary: {version: v2, targets: ["10.0.0.2:9090"]}
            indicators: {requests: requests_total, errors: errors_total}
            router: {kind: gray, instances: ["http://127.0.0.1:9412"]}
            rules: ["rules/errors.yaml"]

            """
        let state = CentreState(
            label: label, revision: "42", order: 42, digest: "sha256:0", manifest: nil,
            files: [
                CentreFile(path: "releases/checkout.yaml", bytes: Array(release.utf8)),
                CentreFile(path: "rules/errors.yaml", bytes: Array(Sample.rules.utf8)),
            ])
        let local = "state: /var/lib/rollguard\ncentre: {kind: etcd, endpoints: [\"http://127.0.0.1:2379\"]}\n"
        let values = try Self.values(Self.load([Sample.path: local], centre: state))
        #expect(
            values["releases[checkout].scrape.interval"]?.origin.text == label
                + "releases/checkout.yaml:2 at revision 42")
        let rule = values["releases[checkout].rules[errors].rules[CanaryErrors].when"]
        #expect(rule?.origin.text == label + "rules/errors.yaml:7 at revision 42")
        #expect(values["state"]?.origin == .file(path: Sample.path, line: 1, revision: nil, variable: nil))
    }

    @Test func variablesAreNamedAndCredentialsMasked() throws {
        let receiver =
            "{name: oncall, kind: webhook, url: \"https://hooks.example/a?key=top-secret\", secret_env: HOOK}"
        let text = Sample.changed("{name: oncall, kind: webhook, url: \"https://hooks.example/a\"}", to: receiver)
        let result = Self.load([Sample.path: text, Sample.rulePath: Sample.rules])
        let plan = try #require(result.plan)
        let values = try Self.values(result)
        #expect(
            values["receivers[oncall].secret_env"]?.origin.text == "\(Sample.path):3, environment variable HOOK")
        let yaml = Rulebook.effectiveYAML(of: plan, kinds: Sample.kinds, sources: result.sources)
        #expect(!yaml.contains("top-secret"))
        #expect(yaml.contains("hooks.example/a"))
    }

    /// Each line that has a value has an origin, and the text loads to the same plan.
    @Test func everyValueHasAnOriginAndTheTextIsAConfiguration() throws {
        let result = Self.load([Sample.path: Sample.configuration, Sample.rulePath: Sample.rules])
        let plan = try #require(result.plan)
        let yaml = Rulebook.effectiveYAML(of: plan, kinds: Sample.kinds, sources: result.sources)
        for line in yaml.split(separator: "\n") where !line.hasSuffix(":") {
            #expect(line.contains("  # "), "\(line)")
        }
        let again = try #require(Sample.load(yaml, rules: "").plan)
        #expect(
            Rulebook.effectiveYAML(of: again, kinds: Sample.kinds)
                == Rulebook.effectiveYAML(of: plan, kinds: Sample.kinds))
    }
}
