import ConfigurationFiles
import Foundation
import Testing

/// What the documentation and the ready rule files show has to load.
struct DocumentationTests {
    /// The repository, from this file's place in it.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let ruleNames = ["backstop", "error-rate", "latency-p99", "traffic-absent", "both-pools-sick", "regression"]

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The blocks between ```yaml and ```.
    static func blocks(_ path: String) throws -> [String] {
        try text(path).components(separatedBy: "```yaml\n").dropFirst().map { part in
            part.components(separatedBy: "```")[0]
        }
    }

    /// A part of a configuration is put into the sample in its own place; a whole one is left as it is.
    static func completed(_ block: String) -> String {
        if block.hasPrefix("# releases.d/") { return "state: /a\nreleases: [releases.d/checkout.yaml]\n" }
        if block.contains("releases:") { return block }
        let name = String(block.prefix { $0 != ":" })
        if name == "receivers" {
            return Sample.changed(
                "receivers:\n  - {name: oncall, kind: webhook, url: \"https://hooks.example/a\"}\n", to: block)
        }
        if name == "listen" {
            return Sample.changed("state: /var/lib/rollguard\n", to: "state: /var/lib/rollguard\n" + block + "\n")
        }
        let indented = block.split(separator: "\n").map { "    \($0)\n" }.joined()
        let sample = Sample.configuration.split(separator: "\n", omittingEmptySubsequences: false)
        guard let begin = sample.firstIndex(where: { $0.hasPrefix("    \(name):") }) else {
            return Sample.changed("    rules: [", to: indented + "    rules: [")
        }
        let end = sample[(begin + 1)...].firstIndex { !$0.hasPrefix("     ") } ?? sample.endIndex
        return (sample[..<begin].joined(separator: "\n") + "\n" + indented + sample[end...].joined(separator: "\n"))
    }

    static func files(_ configuration: String) throws -> MemoryFiles {
        var texts = [Sample.path: configuration]
        let blocks = try blocks("docs/reference/configuration.md")
        let release: String = try #require(blocks.first { $0.hasPrefix("# releases.d/checkout.yaml") })
        texts["/etc/rollguard/releases.d/checkout.yaml"] = release
        for name in ruleNames { texts["/etc/rollguard/rules/\(name).yaml"] = try text("rules/\(name).yaml") }
        return MemoryFiles(texts)
    }

    @Test func configurationExamplesLoad() throws {
        let blocks = try Self.blocks("docs/reference/configuration.md")
        #expect(blocks.count >= 9)
        for block in blocks {
            let result = Rulebook.load(configuration: Sample.path, files: try Self.files(Self.completed(block)))
            #expect(result.plan != nil, "\(result.errors) in\n\(block)")
            #expect(result.warnings.isEmpty, "\(result.warnings)")
        }
    }

    @Test func theReadmeExampleLoads() throws {
        for block in try Self.blocks("README.md") where block.contains("releases:") {
            let result = Rulebook.load(configuration: Sample.path, files: try Self.files(block))
            #expect(result.plan != nil, "\(result.errors)")
        }
    }

    @Test func theExampleOfALedReleaseIsValid() throws {
        let files = try Self.files(Self.text("docs/examples/led-release.yaml"))
        let result = Rulebook.load(configuration: Sample.path, files: files)
        #expect(result.errors.isEmpty && result.warnings.isEmpty, "\(result.errors) \(result.warnings)")
        let plan = try #require(result.plan).releases[0]
        #expect(plan.places == ["blue", "green"])
        #expect(plan.rollout?.steps.map(\.basisPoints) == [100, 500, 2_500, 5_000, 10_000])
        #expect(plan.rollout?.steps.dropLast().allSatisfy { $0.evidence != nil && $0.rules.count == 2 } == true)
    }

    @Test(arguments: ["rules", "conditions"])
    func ruleExamplesLoad(_ page: String) throws {
        for block in try Self.blocks("docs/reference/\(page).md") {
            let result = Rulebook.check(ruleFile: "a.yaml", files: MemoryFiles(["a.yaml": block]))
            #expect(result.errors.isEmpty, "\(result.errors)")
            #expect(!result.rules.isEmpty)
        }
    }

    @Test func theErrorShownIsTheErrorReported() throws {
        let shown = try Self.text("docs/reference/conditions.md")
        let result = Sample.load(rules: Sample.changed("1%", to: "250ms", in: Sample.rules))
        let told = try #require(result.errors.first).description.split(separator: "\n").map { "    \($0)" }
        #expect(shown.contains(told.joined(separator: "\n").replacing(Sample.rulePath, with: "rules/errors.yaml")))
    }

    @Test func theReadyRulesLoadTogether() throws {
        let result = Rulebook.load(configuration: Sample.path, files: try Self.files(Sample.configuration))
        #expect(result.errors.isEmpty, "\(result.errors)")
        #expect(result.warnings.isEmpty, "\(result.warnings)")
        let rules = try #require(result.plan).releases[0].rules
        #expect(
            Set(rules.map(\.name)) == [
                "CanaryErrorRate", "CanaryLatencyP99", "CanaryTrafficAbsent", "BothPoolsSick", "CanaryProvablyWorse",
                "CanaryGrossErrors", "CanaryGrossLatency",
            ])
        #expect(rules.filter { $0.action == .rollback }.count == 6)
        for name in Self.ruleNames {
            #expect(Rulebook.isRuleFile("/etc/rollguard/rules/\(name).yaml", files: try Self.files("")))
        }
    }

    @Test func theRulesFolderIsReadFromDisk() throws {
        let folder = Self.root.appendingPathComponent("rules").path
        #expect(DiskFiles().expand(folder + "/*.yaml").count == Self.ruleNames.count)
        let result = Rulebook.check(ruleFile: folder + "/error-rate.yaml", files: DiskFiles())
        #expect(result.rules.map(\.name) == ["CanaryErrorRate"])
        #expect(throws: FileError.unreadable(reason: "it is not a regular file")) {
            try DiskFiles().read(folder, limitBytes: 10)
        }
        #expect(throws: FileError.tooLarge(limitBytes: 10)) {
            try DiskFiles().read(folder + "/error-rate.yaml", limitBytes: 10)
        }
    }
}
