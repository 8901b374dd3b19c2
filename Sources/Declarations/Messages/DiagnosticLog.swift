/// Collects diagnostics while files are read, so that all of them are reported at once.
package final class DiagnosticLog {
    /// More than this helps no reader.
    package static let limit = 200

    private var found: [Diagnostic] = []
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

    /// What the release that is being read calls the sides of its routers.
    private(set) var sides: SideNames?

    /// Within `body`, fields of routers named `baseline` and `canary` may go by these names.
    package func reading<Value>(sides: SideNames?, _ body: () -> Value) -> Value {
        let before = self.sides
        self.sides = sides
        defer { self.sides = before }
        return body()
    }

    package init() {}

    /// Files are reported in the order in which they are first read.
    package func begin(_ file: SourceFile) {
        if !fileOrder.contains(file.path) { fileOrder.append(file.path) }
    }

    package func error(_ place: Place, _ text: String) { add(.error, place, text) }

    package func warning(_ place: Place, _ text: String) { add(.warning, place, text) }

    /// The file can be used, and what it asks for can never be.
    package func impossible(_ place: Place, _ text: String) { add(.impossible, place, text) }

    /// Nothing more will be reported; a caller that is about to search for more can stop.
    package var isFull: Bool { found.count >= DiagnosticLog.limit && hasErrors }

    package var hasErrors: Bool { found.contains { $0.severity == .error } }

    /// In order of file, line and column.
    package func sorted(_ severity: Diagnostic.Severity) -> [Diagnostic] {
        var ranks: [String: Int] = [:]
        for (rank, file) in fileOrder.enumerated() { ranks[file] = rank }
        func key(_ diagnostic: Diagnostic) -> (Int, Int, Int, String) {
            (ranks[diagnostic.file] ?? fileOrder.count, diagnostic.line, diagnostic.column, diagnostic.text)
        }
        return found.filter { $0.severity == severity }.sorted { key($0) < key($1) }
    }

    private func add(_ severity: Diagnostic.Severity, _ place: Place, _ text: String) {
        begin(place.file)
        guard found.count < DiagnosticLog.limit else {
            // A plan with an unreported error must not come out as valid: what is dropped is always beyond an error or
            // replaces a warning.
            if severity == .error, !hasErrors { found.removeLast() } else { return }
            return found.append(diagnostic(severity, place, text))
        }
        let diagnostic = diagnostic(severity, place, text)
        if !found.contains(diagnostic) { found.append(diagnostic) }
    }

    private func diagnostic(_ severity: Diagnostic.Severity, _ place: Place, _ text: String) -> Diagnostic {
        let shown = ShownLine(place)
        let owner = release.flatMap { $0.file === place.file ? $0.name : nil }
        return Diagnostic(
            release: owner, file: place.file.path, line: place.line, column: place.column, severity: severity,
            text: Quote.clean(text), sourceLine: shown.text, caretOffset: shown.caretOffset)
    }
}
