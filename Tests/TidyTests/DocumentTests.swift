import Daemon
import Foundation
import Telemetry
import Testing

@Suite("Documents")
struct DocumentTests {
    @Test(arguments: Repository.documents)
    func linksLeadSomewhere(_ document: String) {
        let folder = document.split(separator: "/").dropLast().joined(separator: "/")
        let pattern = /\]\(([^)#\s]+)(#[^)]*)?\)/
        for match in Repository.text(document).matches(of: pattern) {
            let target = String(match.1)
            if target.contains("://") || target.hasPrefix("mailto:") { continue }
            let path = URL(fileURLWithPath: "/" + (folder.isEmpty ? "" : folder + "/") + target).standardized.path
            #expect(Repository.exists(String(path.dropFirst())), "\(document) links to \(target)")
        }
    }

    @Test func everyMetricIsDocumentedAndNoOther() {
        let page = Repository.text("docs/reference/metrics.md")
        let rows = Set(page.matches(of: /\n\| `([a-z0-9_]+)` \|/).map { String($0.1) })
        #expect(rows == Set(MetricFamily.all.map(\.name)))
    }

    /// A panel that asks for a metric that is not exported stays empty for ever.
    @Test(arguments: Repository.files("dashboards", ending: ".json"))
    func dashboardsAskForMetricsThatAreExported(_ dashboard: String) throws {
        let object = try JSONSerialization.jsonObject(with: Data(Repository.text(dashboard).utf8))
        let queries = expressions(object)
        #expect(!queries.isEmpty)
        var exported = Set(MetricFamily.all.map(\.name))
        for family in MetricFamily.all {
            guard case .histogram = family.kind else { continue }
            exported.formUnion(["_bucket", "_sum", "_count"].map { family.name + $0 })
        }
        for query in queries {
            for match in query.matches(of: /rollguard_[a-z0-9_]+/) {
                #expect(exported.contains(String(match.0)), "\(dashboard): \(match.0) in \(query)")
            }
        }
    }

    /// An alert that asks for a metric that is not exported never fires.
    @Test func alertingRulesAskForMetricsThatAreExported() {
        let exported = Set(MetricFamily.all.map(\.name))
        let rules = Repository.text("rules/prometheus/rollguard.rules.yaml")
        let expressions = rules.split(separator: "\n").filter { $0.contains("expr:") }
        #expect(!expressions.isEmpty)
        for expression in expressions {
            for match in expression.matches(of: /rollguard_[a-z0-9_]+/) {
                #expect(exported.contains(String(match.0)), "\(match.0) in \(expression)")
            }
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool"), "promtool is not installed"))
    func alertingRulesFireAndStaySilentAsTheirTestSays() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/promtool")
        process.arguments = ["test", "rules", "rollguard.rules.test.yaml"]
        process.currentDirectoryURL = Repository.root.appendingPathComponent("rules/prometheus")
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
    }

    /// Every `expr` and every `query`, however deep.
    private func expressions(_ value: Any) -> [String] {
        if let list = value as? [Any] { return list.flatMap(expressions) }
        guard let object = value as? [String: Any] else { return [] }
        return object.flatMap { key, value in
            ["expr", "query", "definition"].contains(key) && value is String
                ? [value as? String ?? ""] : expressions(value)
        }
    }

    @Test func theUnitStartsWhatTheCommandLineHas() {
        let unit = Repository.text("packaging/rollguard.service")
        #expect(unit.contains("rollguard check /etc/rollguard/rollguard.yaml"))
        #expect(unit.contains("rollguard run --config /etc/rollguard/rollguard.yaml"))
    }

    /// What docs/why.md says that the program shows, it shows: each code span in the first column of its tables, without its
    /// placeholders.
    @Test func thePageOfDecisionsQuotesTheProgram() {
        let sources = Repository.files("Sources", ending: ".swift").map(Repository.text).joined(separator: "\n")
        var quoted = 0
        for row in Repository.text("docs/why.md").split(separator: "\n") where row.hasPrefix("| ") {
            let cell = row.split(separator: "|").first ?? ""
            for span in cell.matches(of: /`([^`]+)`/) {
                for part in span.1.split(separator: /\.\.\.|: |[A-Z]{4,}/).map({
                    $0.trimmingCharacters(in: .whitespaces)
                })
                where !part.isEmpty {
                    quoted += 1
                    #expect(sources.contains(part), "no source says '\(part)', which docs/why.md quotes")
                }
            }
        }
        #expect(quoted > 12)
    }

    /// What the tests, the bench and the gate start must be installed by the script that the test command runs.
    @Test(arguments: [
        "haproxy", "nginx", "caddy", "libnginx-mod-http-lua",
        "prometheus", "prometheus-alertmanager", "prometheus-node-exporter", "openssl",
        "victoria-metrics", "valgrind", "dnsmasq-base", "etcd-server", "consul",
    ])
    func programsOfTheTestsAreInstalledByName(_ program: String) {
        #expect(Repository.text("scripts/setup.sh").contains(program))
    }
}
