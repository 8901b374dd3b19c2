/// Collects what is wrong while files are read, so that all of it is told at once.
package final class MistakeLog {
    /// More than this tells nobody anything.
    package static let limit = 200

    private var found: [Mistake] = []
    private var fileOrder: [String] = []
    private var overflow = 0
    /// The release that is being read, and the file that it is in: what is found there is about this release alone.
    private var release: (name: String, file: SourceFile)?

    /// Names the release that what is found in `place`'s file until the end of `body` is about.
    package func reading<Value>(release name: String, at place: Place, _ body: () -> Value) -> Value {
        release = (name, place.file)
        defer { release = nil }
        return body()
    }

    package init() {}

    /// Files are told in the order in which they are first read.
    package func begin(_ file: SourceFile) {
        if !fileOrder.contains(file.path) { fileOrder.append(file.path) }
    }

    package func error(_ place: Place, _ text: String) { add(.error, place, text) }

    package func warning(_ place: Place, _ text: String) { add(.warning, place, text) }

    /// The file can be used, and what it asks for can never be.
    package func impossible(_ place: Place, _ text: String) { add(.impossible, place, text) }

    /// Nothing more will be told; whoever is about to look for more can stop.
    package var isFull: Bool { found.count >= MistakeLog.limit && hasErrors }

    package var hasErrors: Bool { found.contains { $0.severity == .error } }

    /// In order of file, line and column.
    package func sorted(_ severity: Mistake.Severity) -> [Mistake] {
        var ranks: [String: Int] = [:]
        for (rank, file) in fileOrder.enumerated() { ranks[file] = rank }
        func key(_ mistake: Mistake) -> (Int, Int, Int, String) {
            (ranks[mistake.file] ?? fileOrder.count, mistake.line, mistake.column, mistake.text)
        }
        return found.filter { $0.severity == severity }.sorted { key($0) < key($1) }
    }

    private func add(_ severity: Mistake.Severity, _ place: Place, _ text: String) {
        begin(place.file)
        guard found.count < MistakeLog.limit else {
            // A plan with an untold mistake must not come out as valid: what is dropped is always beyond an error or
            // replaces a warning.
            if severity == .error, !hasErrors { found.removeLast() } else { return }
            return found.append(mistake(severity, place, text))
        }
        let mistake = mistake(severity, place, text)
        if !found.contains(mistake) { found.append(mistake) }
    }

    private func mistake(_ severity: Mistake.Severity, _ place: Place, _ text: String) -> Mistake {
        let shown = ShownLine(place)
        let owner = release.flatMap { $0.file === place.file ? $0.name : nil }
        return Mistake(
            release: owner, file: place.file.path, line: place.line, column: place.column, severity: severity,
            text: Quote.clean(text), sourceLine: shown.text, caretOffset: shown.caretOffset)
    }
}
