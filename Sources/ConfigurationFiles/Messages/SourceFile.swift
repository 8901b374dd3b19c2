/// A file's text by lines, kept while it is read so that messages can show where they point to.
final class SourceFile: Sendable {
    let path: String
    private let lines: [String]

    init(path: String, text: String = "") {
        self.path = path
        lines = SourceFile.split(text)
    }

    /// The line, from 1; empty past the end.
    func line(_ number: Int) -> String {
        lines.indices.contains(number - 1) ? lines[number - 1] : ""
    }

    var lineCount: Int { lines.count }

    /// Breaks where YAML 1.1 does, or the parser's line numbers would not be ours.
    private static func split(_ text: String) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var afterReturn = false
        for scalar in text.unicodeScalars {
            let isSecondHalf = afterReturn && scalar == "\n"
            afterReturn = scalar == "\r"
            if isSecondHalf { continue }
            if isBreak(scalar) {
                lines.append(String(line))
                line.removeAll(keepingCapacity: true)
            } else {
                line.append(scalar)
            }
        }
        if !line.isEmpty { lines.append(String(line)) }
        return lines
    }

    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }
}

/// A place in a file.
struct Place: Sendable {
    let file: SourceFile
    /// From 1; 0 means the file as a whole.
    var line: Int
    /// From 1, in Unicode scalars.
    var column: Int

    static func whole(_ file: SourceFile) -> Place { Place(file: file, line: 0, column: 0) }

    /// `file:line`.
    var shown: String { "\(file.path):\(line)" }

    func moved(byColumns columns: Int) -> Place { Place(file: file, line: line, column: column + columns) }
}
