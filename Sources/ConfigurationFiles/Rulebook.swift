package import Declarations
package import Model

/// Something about a file of `listen.tls`, to be reported where the configuration names that file.
package struct TLSFileRemark: Sendable {
    package var isAboutKey: Bool
    package var isError: Bool
    package var text: String

    package init(isAboutKey: Bool, isError: Bool, text: String) {
        self.isAboutKey = isAboutKey
        self.isError = isError
        self.text = text
    }
}

package typealias TLSJudge = (ListenTLS) -> [TLSFileRemark]

/// Reads configurations and rule files. All errors of all files are reported at once, each with its place.
package enum Rulebook {
    /// What a configuration says, or why it cannot be used.
    package struct Result: Sendable {
        /// Nil when there is any error.
        package let plan: Plan?
        /// Errors, in order of file, line and column.
        package let errors: [Diagnostic]
        /// What can be used but is probably not meant.
        package let warnings: [Diagnostic]
        /// What can be used and can never be kept or happen, with the plan changed so that it can be. `check` refuses
        /// it.
        package let impossible: [Diagnostic]
        /// Every file that was read or asked for: the configuration, then the files of releases and of rules in order.
        package let files: [String]
        /// Where the values of the plan are written.
        package let sources: WrittenValues
    }

    /// What a rule file says.
    package struct RuleFileResult: Sendable {
        /// Empty when there is any error.
        package let rules: [RulePlan]
        /// Errors, in order of line and column.
        package let errors: [Diagnostic]
        package let warnings: [Diagnostic]
        /// What can never happen; `check` refuses it.
        package let impossible: [Diagnostic]
    }

    /// Reads a configuration with the files of its releases and rules.
    ///
    /// Takes bounded time and memory whatever the files hold: at most 1 MiB per file, 1 000 files of
    /// releases, 200 of rules, 64 levels, 100 000 values per file.
    ///
    /// - Parameters:
    ///   - path: Paths in the configuration are relative to its folder.
    ///   - files: Where files are read from.
    ///   - kinds: What routers and receivers a configuration may have.
    ///   - centre: what the configuration centre holds; ignored where the configuration has no `centre`.
    ///   - allowsLoopbackChanges: what `listen.changes` means where neither it nor a token is set: `loopback` instead of
    ///     `socket`.
    ///   - judgingTLS: what is wrong with the files of `listen.tls`, which are not read here.
    package static func load(
        configuration path: String, files: any FileSource, kinds: ConfigurationKinds, centre: CentreState? = nil,
        allowsLoopbackChanges: Bool = false,
        judgingTLS: @escaping TLSJudge = { _ in [] }
    ) -> Result {
        let log = DiagnosticLog()
        let folder = ConfigurationFolder(of: path)
        let host = files
        let files = LoadedFiles(folder: folder, source: host, log: log)
        let document = files.document(path)
        let reader = ConfigurationReader(
            files: files, kinds: kinds,
            listenReader: ListenReader(
                folder: folder, allowsLoopbackChanges: allowsLoopbackChanges, judgingTLS: judgingTLS))
        var plan = document.flatMap { reader.plan($0, log: log) }
        var paths = files.paths
        var sources = WrittenValues(configuration: path, paths: files.paths, roots: files.roots)
        if let centre, let secrets = plan?.centre?.secretsDirectory, var whole = plan {
            let content = CentreContent(
                state: centre, folder: folder, host: host, kinds: kinds, tokens: reader.listenReader.knownTokens,
                log: log)
            content.add(to: &whole, secretsDirectory: secrets)
            plan = whole
            paths += content.paths
            sources.add(centre, paths: content.paths, roots: content.roots)
        }
        return Result(
            plan: log.hasErrors ? nil : plan, errors: log.sorted(.error), warnings: log.sorted(.warning),
            impossible: log.sorted(.impossible), files: paths, sources: sources)
    }

    /// Checks a rule file by itself: everything but what depends on a release (selectors, the scrape interval).
    package static func check(ruleFile path: String, files: any FileSource) -> RuleFileResult {
        let log = DiagnosticLog()
        let document = Document.read(path, files: files, log: log)
        let drafts = document.map { RuleFileReader(log: log).rules(in: $0) } ?? []
        for draft in drafts { draft.named?.warn() }
        return RuleFileResult(
            rules: log.hasErrors ? [] : drafts.map(\.plan), errors: log.sorted(.error),
            warnings: log.sorted(.warning), impossible: log.sorted(.impossible))
    }

    /// Whether a file is a rule file (it has `groups` at the top) rather than a configuration. A file that cannot be
    /// read as YAML is judged by its lines.
    package static func isRuleFile(_ path: String, files: any FileSource) -> Bool {
        let log = DiagnosticLog()
        if let document = Document.read(path, files: files, log: log) {
            return document.root.member("groups") != nil
                && ["releases", "centre", "state"].allSatisfy { document.root.member($0) == nil }
        }
        guard let bytes = try? files.read(path, limitBytes: FileText.limitBytes) else { return false }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        func has(_ field: String) -> Bool { lines.contains { $0.starts(with: field.utf8) } }
        return has("groups:") && !has("releases:")
    }

    /// The JSON Schema of a configuration, for editors.
    package static func configurationSchema(kinds: ConfigurationKinds) -> String {
        let section = ConfigurationReader.describing(kinds).section
        return SchemaText.document(title: "Rollguard configuration", section.schema)
    }

    /// The JSON Schema of a rule file, for editors.
    package static var ruleFileSchema: String {
        SchemaText.document(title: "Rollguard rule file", RuleFileReader.schema)
    }

    /// A table of the reference documentation: the fields of one section.
    package struct ReferenceTable: Sendable {
        /// Marks the table's place in a document: `<!-- fields: scrape -->`.
        package let name: String
        /// Lines of Markdown.
        package let lines: [String]
    }

    /// All reference tables, in the order of the documentation.
    package static func referenceTables(kinds: ConfigurationKinds) -> [ReferenceTable] {
        ReferenceTables.all(kinds).map { ReferenceTable(name: $0.name, lines: SettingRow.table($0.rows)) }
    }

    /// The plan as a configuration with all defaults filled in and all rules inside. It loads to the same plan, except
    /// for the rules' `source`. Relative paths in it are relative to the working directory. URLs are shown as they are.
    package static func effectiveYAML(of plan: Plan, kinds: ConfigurationKinds) -> String {
        tree(of: plan, kinds: kinds).render()
    }

    static func tree(of plan: Plan, kinds: ConfigurationKinds) -> YAMLTree {
        ConfigurationReader.describing(kinds).section.tree(plan)
    }
}
