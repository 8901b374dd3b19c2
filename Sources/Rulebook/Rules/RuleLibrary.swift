import ReleaseKernel

/// Finds and reads rule files; each is read once, however many releases name it.
final class RuleLibrary {
    /// Of rule files in a configuration.
    static let fileLimit = 200

    private let folder: ConfigurationFolder
    private let files: any FileSource
    let log: MistakeLog
    private var known: [String: [RuleDraft]] = [:]
    /// In the order in which they were read.
    private(set) var paths: [String] = []

    init(folder: ConfigurationFolder, files: any FileSource, log: MistakeLog) {
        self.folder = folder
        self.files = files
        self.log = log
    }

    /// The rules of a release: files by name or pattern, and groups that stand in the configuration.
    func drafts(_ field: Field) -> [RuleDraft] {
        guard let entries = field.entries(of: "rule files") else { return [] }
        if entries.isEmpty { field.fail("'rules' is empty; a release without rules is never judged") }
        var drafts: [RuleDraft] = []
        var taken: Set<String> = []
        for entry in entries {
            if case .mapping = entry.value.content {
                drafts += RuleFileReader(log: log).rules(of: entry)
            } else if let pattern = entry.line() {
                for path in matches(pattern, entry) where taken.insert(path).inserted {
                    drafts += read(path, entry)
                }
            }
        }
        return drafts
    }

    private func matches(_ pattern: String, _ entry: Field) -> [String] {
        // Each further '*' multiplies the time that a hostile pattern takes.
        guard pattern.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= 4 else {
            entry.fail("\(Quote.value(pattern)) has more than four '*'")
            return []
        }
        let found = files.expand(folder.path(pattern))
        if found.isEmpty { entry.fail("no file matches \(Quote.value(pattern)) in the configuration's folder") }
        return found
    }

    private func read(_ path: String, _ entry: Field) -> [RuleDraft] {
        if let drafts = known[path] { return drafts }
        guard paths.count < RuleLibrary.fileLimit else {
            entry.fail("more than \(RuleLibrary.fileLimit) rule files; the rest is not read")
            return []
        }
        paths.append(path)
        let document = Document.read(path, asked: entry.place, files: files, log: log)
        let drafts = document.map { RuleFileReader(log: log).rules(in: $0) } ?? []
        known[path] = drafts
        return drafts
    }
}
