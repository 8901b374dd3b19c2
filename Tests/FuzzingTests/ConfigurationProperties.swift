import Centres
import Declarations
import Model
import Notifications
import Routers
import TargetSources

@testable import ConfigurationFiles

/// What must hold for every configuration and rule file. An input is a configuration, and behind a line `%%%` the rule
/// file that `rules/a.yaml` is.
enum ConfigurationProperties {
    private static let kinds = ConfigurationKinds(
        routers: RouterKinds.all, receivers: ReceiverKinds.all, sources: TargetSourceKinds.all, centres: CentreKinds.all
    )
    private static let path = "/etc/rollguard/rollguard.yaml"
    private static let rulePath = "/etc/rollguard/rules/a.yaml"

    static func broken(by input: [UInt8]) -> String? {
        let parts = pieces(input)
        let files = MemoryFiles(bytes: [path: parts.configuration, rulePath: parts.rules])
        let result = Rulebook.load(configuration: path, files: files, kinds: kinds)
        if (result.plan == nil) != !result.errors.isEmpty { return "a plan with errors, or neither" }
        if let flaw = ill(result.errors, parts) ?? ill(result.warnings, parts) { return flaw }
        let told = result.errors + result.warnings
        if holdsSecret(input), let diagnostic = told.first(where: { "\($0)".contains("hunter2") }) {
            return "a secret is shown: \(diagnostic)"
        }
        let rules = Rulebook.check(ruleFile: rulePath, files: files)
        if let flaw = ill(rules.errors, parts) { return flaw }
        _ = Rulebook.isRuleFile(path, files: files)
        return result.plan.flatMap(changed)
    }

    private static func pieces(_ input: [UInt8]) -> (configuration: [UInt8], rules: [UInt8]) {
        let mark = Array("\n%%%\n".utf8)
        for start in input.indices where input[start...].starts(with: mark) {
            return (Array(input[..<start]), Array(input[(start + mark.count)...]))
        }
        return (input, [])
    }

    // MARK: Diagnostics

    private static func ill(
        _ errors: [Diagnostic], _ parts: (configuration: [UInt8], rules: [UInt8])
    ) -> String? {
        if errors.count > DiagnosticLog.limit { return "\(errors.count) diagnostics" }
        for diagnostic in errors {
            if let flaw = MessageText.flaw(in: diagnostic.text) { return flaw }
            if !diagnostic.sourceLine.isEmpty, let flaw = MessageText.flaw(in: diagnostic.sourceLine) { return flaw }
            if let flaw = misplaced(diagnostic, parts) { return flaw }
        }
        return nil
    }

    /// The place is in the file, or right behind its end.
    private static func misplaced(
        _ diagnostic: Diagnostic, _ parts: (configuration: [UInt8], rules: [UInt8])
    ) -> String? {
        let bytes = diagnostic.file == path ? parts.configuration : parts.rules
        let file = SourceFile(path: diagnostic.file, text: String(decoding: bytes, as: UTF8.self))
        if diagnostic.line == 0 { return diagnostic.column == 0 ? nil : "a column without a line: \(diagnostic)" }
        if diagnostic.line < 0 || diagnostic.line > file.lineCount + 1 {
            return "line \(diagnostic.line) of \(file.lineCount): \(diagnostic)"
        }
        let columns = file.line(diagnostic.line).unicodeScalars.count + 2
        if diagnostic.column < 1 || diagnostic.column > columns {
            return "column \(diagnostic.column) of \(columns): \(diagnostic)"
        }
        let caret = diagnostic.caretOffset
        return caret >= 0 && caret <= diagnostic.sourceLine.unicodeScalars.count
            ? nil : "a caret at \(caret): \(diagnostic)"
    }

    /// `hunter2` is a secret where it is the password of an address, and the input has it nowhere else.
    private static func holdsSecret(_ input: [UInt8]) -> Bool {
        let secrets = count("://bob:hunter2@", in: input)
        return secrets > 0 && secrets == count("hunter2", in: input)
    }

    private static func count(_ word: String, in bytes: [UInt8]) -> Int {
        let word = Array(word.utf8)
        return bytes.indices.count { bytes[$0] == word[0] && bytes[$0...].starts(with: word) }
    }

    // MARK: The plan

    /// The effective configuration is the same plan again.
    private static func changed(_ plan: Plan) -> String? {
        let yaml = Rulebook.effectiveYAML(of: plan, kinds: kinds)
        let again = Rulebook.load(
            configuration: path, files: MemoryFiles([path: yaml]), kinds: kinds)
        guard let other = again.plan else {
            return "the effective configuration has errors: \(again.errors.prefix(3).map { "\($0)" })\n\(yaml)"
        }
        if withoutSources(other) != withoutSources(plan) {
            return "the effective configuration is another plan:\n\(yaml)"
        }
        return Rulebook.effectiveYAML(of: other, kinds: kinds) == yaml
            ? nil : "the effective configuration changes again:\n\(yaml)"
    }

    private static func withoutSources(_ plan: Plan) -> Plan {
        var plan = plan
        for release in plan.releases.indices {
            for rule in plan.releases[release].rules.indices {
                plan.releases[release].rules[rule].source = nil
            }
        }
        return plan
    }
}
