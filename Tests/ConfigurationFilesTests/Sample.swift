import Centres
import ConfigurationFiles
import Declarations
import Model
import Notifications
import Routers
import TargetSources

/// A small valid configuration that tests change in one place.
enum Sample {
    static let kinds = ConfigurationKinds(
        routers: RouterKinds.all, receivers: ReceiverKinds.all, sources: TargetSourceKinds.all, centres: CentreKinds.all
    )
    static let path = "/etc/rollguard/rollguard.yaml"
    static let rulePath = "/etc/rollguard/rules/errors.yaml"

    static let configuration = """
        state: /var/lib/rollguard
        receivers:
          - {name: oncall, kind: webhook, url: "https://hooks.example/a"}
        releases:
          - name: checkout
            scrape: {interval: 5s}
            pools:
              baseline: {version: v1, targets: ["10.0.0.1:9090"]}
              canary: {version: v2, targets: ["10.0.0.2:9090"]}
            indicators:
              requests: requests_total
              errors: errors_total
              latency: seconds
            router: {kind: gray, instances: ["http://127.0.0.1:9412"]}
            rules: ["rules/*.yaml"]

        """

    static let rules = """
        groups:
          - name: errors
            rules:
              - alert: CanaryErrors
                indicator: error_rate
                window: 1m
                when: canary > 2 * baseline and canary > 1%
                labels: {severity: page}

        """

    static func load(_ configuration: String = configuration, rules: String = rules) -> Rulebook.Result {
        Rulebook.load(configuration: path, files: MemoryFiles([path: configuration, rulePath: rules]))
    }

    /// The sample with one piece of it replaced; the piece has to be there.
    static func changed(_ piece: String, to other: String, in text: String = configuration) -> String {
        let parts = text.split(separator: piece, maxSplits: 1, omittingEmptySubsequences: false)
        precondition(parts.count == 2, "'\(piece)' is not in the sample")
        return parts[0] + other + parts[1]
    }

    /// `file:line:column: error: text` of each error, files by their last component.
    static func errors(_ result: Rulebook.Result) -> [String] { result.errors.map(headline) }

    static func headline(_ diagnostic: Diagnostic) -> String {
        let line = diagnostic.description.split(separator: "\n").first.map(String.init) ?? ""
        return line.split(separator: "/").count > 1 && line.hasPrefix("/etc/rollguard/")
            ? String(line.dropFirst("/etc/rollguard/".count)) : line
    }

    /// A rule file with one rule, of which one piece is replaced.
    static func ruleErrors(_ piece: String, to other: String) -> [String] {
        errors(load(rules: changed(piece, to: other, in: rules)))
    }
}

/// With all kinds.
extension Rulebook {
    static func load(
        configuration path: String, files: any FileSource, allowsLoopbackChanges: Bool = false,
        judgingTLS: @escaping TLSJudge = { _ in [] }
    ) -> Result {
        load(
            configuration: path, files: files, kinds: Sample.kinds,
            allowsLoopbackChanges: allowsLoopbackChanges, judgingTLS: judgingTLS)
    }

    static func effectiveYAML(of plan: Plan) -> String { effectiveYAML(of: plan, kinds: Sample.kinds) }
}
