import Declarations

/// The files of one load: finds them by name or pattern, reads them, and knows which were asked for.
final class LoadedFiles {
    let folder: ConfigurationFolder
    let log: DiagnosticLog
    private let source: any FileSource
    /// In the order in which they were asked for, each once.
    private(set) var paths: [String] = []
    /// What was read, by path.
    private(set) var roots: [String: YAMLValue] = [:]

    init(folder: ConfigurationFolder, source: any FileSource, log: DiagnosticLog) {
        self.folder = folder
        self.source = source
        self.log = log
    }

    /// The paths that a pattern in the configuration names; empty after reporting that there are none.
    ///
    /// - Parameter advice: what else could be written.
    func matches(_ pattern: String, _ entry: Field, advice: String = "") -> [String] {
        // Each further '*' multiplies the time that a hostile pattern takes.
        guard pattern.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= 4 else {
            entry.fail("\(Quote.value(pattern)) has more than four '*'")
            return []
        }
        let found = source.expand(folder.path(pattern))
        if found.isEmpty {
            entry.fail("no file matches \(Quote.value(pattern)) in the configuration's folder\(advice)")
        }
        return found
    }

    /// - Parameters:
    ///   - asked: Where the file is named.
    ///   - advice: what else could be written, for a file that is not there.
    /// - Returns: Nil after at least one error has been reported.
    func document(_ path: String, asked: Place? = nil, advice: String = "") -> Document? {
        if !paths.contains(path) { paths.append(path) }
        let document = Document.read(path, asked: asked, advice: advice, files: source, log: log)
        if let document { roots[path] = document.root }
        return document
    }
}
