/// A file's text by lines, kept while it is read so that messages can show where they point to.
package final class SourceFile: Sendable {
    package let path: String
    private let lines: [String]

    package init(path: String, text: String = "") {
        self.path = path
        lines = SourceFile.split(text)
    }

    /// The line, from 1; empty past the end.
    package func line(_ number: Int) -> String {
        lines.indices.contains(number - 1) ? lines[number - 1] : ""
    }

    package var lineCount: Int { lines.count }

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
package struct Place: Sendable {
    package let file: SourceFile
    /// From 1; 0 means the file as a whole.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int

    package init(file: SourceFile, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package static func whole(_ file: SourceFile) -> Place { Place(file: file, line: 0, column: 0) }

    /// `file:line`.
    package var shown: String { "\(file.path):\(line)" }

    package func moved(byColumns columns: Int) -> Place { Place(file: file, line: line, column: column + columns) }
}
