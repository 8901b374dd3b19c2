import ConfigurationFiles
import Routers
import Testing

/// Releases in files of their own: every team has its file.
struct ReleaseFileTests {
    private static let main = """
        state: /var/lib/rollguard
        releases: ["releases.d/*.yaml"]

        """

    /// A release as a file has it.
    private static func release(_ name: String, port: Int = 9090) -> String {
        """
        name: \(name)
        pools:
          baseline: {version: v1, targets: ["10.0.0.1:\(port)"]}
          canary: {version: v2, targets: ["10.0.0.2:\(port)"]}
        indicators: {requests: requests_total, errors: errors_total}
        router: {kind: haproxy, socket: sockets/h.sock, map: {file: m, key: k}}
        rules: ["rules/*.yaml"]

        """
    }

    private static func item(_ name: String) -> String {
        let lines = release(name).split(separator: "\n")
        return "- " + lines.joined(separator: "\n  ") + "\n"
    }

    private static func load(_ files: [String: String], main: String = main) -> Rulebook.Result {
        var texts = [Sample.path: main, Sample.rulePath: Sample.rules]
        for (name, text) in files { texts["/etc/rollguard/" + name] = text }
        return Rulebook.load(configuration: Sample.path, files: MemoryFiles(texts))
    }

    @Test func aFileHoldsOneReleaseOrAListAndTheFilesAreSorted() throws {
        let result = Self.load([
            "releases.d/b.yaml": Self.release("pay"), "releases.d/a.yaml": Self.item("cart") + Self.item("search"),
            "releases.d/c.txt": "not a release",
        ])
        #expect(Sample.errors(result) == [])
        #expect(try #require(result.plan).releases.map(\.name) == ["cart", "search", "pay"])
        #expect(
            result.files == [
                Sample.path, "/etc/rollguard/releases.d/a.yaml", Sample.rulePath, "/etc/rollguard/releases.d/b.yaml",
            ])
    }

    /// A release shows what was found in its own lines, not what is another team's.
    @Test func aWarningBelongsToTheReleaseItWasFoundIn() {
        func doubtful(_ text: String) -> String {
            Sample.changed("requests: requests_total,", to: "requests: requests_total, latency: d_ms,", in: text)
        }
        let result = Self.load([
            "releases.d/a.yaml": Self.item("cart") + doubtful(Self.item("search")),
            "releases.d/b.yaml": doubtful(Self.release("pay")),
        ])
        #expect(result.warnings.map(\.release) == ["search", "pay"], "\(result.warnings)")
        let rules = Sample.changed(
            "when: canary > 2 * baseline and canary > 1%", to: "when: canary >= 0\n        action: rollback",
            in: Sample.rules)
        let shared = Self.load(["releases.d/a.yaml": Self.release("pay"), "rules/errors.yaml": rules])
        #expect(shared.warnings.count == 1 && shared.warnings.allSatisfy { $0.release == nil }, "\(shared.warnings)")
    }

    @Test func pathsInAFileAreRelativeToTheConfiguration() throws {
        let plan = try #require(Self.load(["releases.d/a.yaml": Self.release("pay")]).plan)
        let router = try #require(plan.releases[0].router.settings as? HAProxyPlan)
        #expect(router.sockets == ["/etc/rollguard/sockets/h.sock"])
        #expect(plan.releases[0].rules.map(\.name) == ["CanaryErrors"])
    }

    @Test func releasesAndFilesMayBeListedSideBySideAndAFileIsReadOnce() throws {
        let inline = Self.item("here").split(separator: "\n").map { "  \($0)\n" }.joined()
        let main = "state: /s\nreleases:\n\(inline)  - releases.d/a.yaml\n  - releases.d/*.yaml\n"
        let plan = try #require(Self.load(["releases.d/a.yaml": Self.release("pay")], main: main).plan)
        #expect(plan.releases.map(\.name) == ["here", "pay"])
    }

    @Test(
        arguments: [
            (
                ["releases.d/a.yaml": release("pay"), "releases.d/b.yaml": "\n" + release("pay")],
                [
                    "releases.d/b.yaml:2:7: error: release \"pay\" is already in /etc/rollguard/releases.d/a.yaml:1; names are unique"
                ]
            ),
            (
                ["releases.d/a.yaml": release("pay") + "scrap: {}\n"],
                ["releases.d/a.yaml:8:1: error: unknown field 'scrap' in release \"pay\"; did you mean 'scrape'?"]
            ),
            ([:], ["rollguard.yaml:2:12: error: no file matches 'releases.d/*.yaml' in the configuration's folder"]),
            (
                ["releases.d/a.yaml": "state: x\nreleases: []\n"],
                [
                    "releases.d/a.yaml:1:1: error: 'state' does not belong in a file with releases; it holds one release, "
                        + "or a list of releases"
                ]
            ),
            (
                ["releases.d/a.yaml": "[\"b.yaml\"]\n"],
                ["releases.d/a.yaml:1:2: error: an entry of the file must be a mapping, got 'b.yaml'"]
            ),
            (["releases.d/a.yaml": "[]\n"], ["releases.d/a.yaml:1:1: error: the file has no releases"]),
            (
                ["releases.d/a.yaml": "pay\n"],
                [
                    "releases.d/a.yaml:1:1: error: a file with releases must be a release or a list of releases, got 'pay'"
                ]
            ),
        ] as [([String: String], [String])])
    func anErrorNamesItsFile(files: [String: String], expected: [String]) {
        let result = Self.load(files)
        #expect(Sample.errors(result) == expected)
        #expect(result.plan == nil)
    }

    @Test func aReleaseFileByItselfIsNotAConfiguration() {
        for text in [Self.release("pay"), Self.item("pay")] {
            #expect(
                Sample.errors(Self.load([:], main: text)) == [
                    "rollguard.yaml:1:1: error: this is a release, not a configuration; name the file under 'releases' of a "
                        + "configuration"
                ])
        }
    }

    @Test func aReloadReadsTheFilesAgain() throws {
        var files = ["releases.d/a.yaml": Self.release("pay")]
        #expect(try #require(Self.load(files).plan).releases.map(\.name) == ["pay"])
        files["releases.d/b.yaml"] = Self.release("cart", port: 9091)
        #expect(try #require(Self.load(files).plan).releases.map(\.name) == ["pay", "cart"])
    }

    @Test func filesAreBounded() {
        var files: [String: String] = [:]
        // Each is valid, because only a limited number of errors is reported.
        for index in 0..<1_002 { files["releases.d/\(1_000 + index).yaml"] = Self.release("r\(index)") }
        let errors = Sample.errors(Self.load(files))
        #expect(
            errors == ["rollguard.yaml:2:12: error: more than 1000 files with releases; the rest is not read"])
    }
}
