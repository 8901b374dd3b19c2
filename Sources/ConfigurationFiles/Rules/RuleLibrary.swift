import Declarations

/// Finds and reads rule files; each is read once, however many releases name it.
final class RuleLibrary {
    /// Of rule files in a configuration.
    static let fileLimit = 200

    private let files: LoadedFiles
    private var known: [String: [RuleDraft]] = [:]

    init(files: LoadedFiles) { self.files = files }

    var log: DiagnosticLog { files.log }

    /// The rules of a release: files by name or pattern, and groups inside the configuration.
    func drafts(_ field: Field) -> [RuleDraft] {
        guard let entries = field.entries(of: "rule files") else { return [] }
        if entries.isEmpty { field.fail("'rules' is empty; a release without rules is never judged") }
        var drafts: [RuleDraft] = []
        var taken: Set<String> = []
        for entry in entries {
            if case .mapping = entry.value.content {
                drafts += RuleFileReader(log: log).rules(of: entry)
            } else if let pattern = entry.line() {
                for path in files.matches(pattern, entry, advice: Self.advice(pattern))
                where taken.insert(path).inserted {
                    drafts += read(path, entry)
                }
            }
        }
        return drafts
    }

    /// Which ready rules there are, for a file that is not.
    static func advice(_ path: String) -> String {
        let names = ReadyRules.files.map(\.name)
        let wanted = path.split(separator: "/").last.map(String.init) ?? path
        let nearest = Suggestions.nearest(to: wanted, among: names).map { "did you mean '\($0)'? " } ?? ""
        return
            "; \(nearest)the ready rules are \(names.joined(separator: ", ")), in /usr/share/rollguard/rules or the folder "
            + "'rules' of the sources"
    }

    private func read(_ path: String, _ entry: Field) -> [RuleDraft] {
        if let drafts = known[path] { return drafts }
        guard known.count < RuleLibrary.fileLimit else {
            entry.fail("more than \(RuleLibrary.fileLimit) rule files; the rest is not read")
            return []
        }
        let advice = RuleLibrary.advice(path)
        let drafts =
            files.document(path, asked: entry.place, advice: advice).map { RuleFileReader(log: log).rules(in: $0) }
            ?? []
        known[path] = drafts
        return drafts
    }
}
