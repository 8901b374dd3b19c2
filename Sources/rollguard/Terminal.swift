import Foundation
import Support

/// What the commands print on.
enum Terminal {
    /// A line on standard output, at once: a watcher must not wait for a buffer. Whatever the text was made of, it cannot
    /// steer the terminal.
    static func say(_ text: String) { FileHandle.standardOutput.write(Data((safe(text) + "\n").utf8)) }

    /// A line on standard error.
    static func complain(_ text: String) { FileHandle.standardError.write(Data((safe(text) + "\n").utf8)) }

    /// A finding, its level in colour on a terminal.
    static func say(_ finding: CheckupFinding) {
        let line = safe(finding.line)
        guard hasColours else { return FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
        let level = finding.level.rawValue
        let colour =
            switch finding.level {
            case .ok: 32
            case .warning: 33
            case .error: 31
            }
        let text = "\u{1B}[\(colour)m\(level)\u{1B}[0m" + line.dropFirst(level.count) + "\n"
        FileHandle.standardOutput.write(Data(text.utf8))
    }

    /// On a terminal that shows them, unless NO_COLOR (https://no-color.org) is set.
    private static var hasColours: Bool {
        let environment = ProcessInfo.processInfo.environment
        return isInteractive && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// Clears the screen, on a terminal.
    static func clear() {
        if isInteractive { FileHandle.standardOutput.write(Data("\u{1B}[H\u{1B}[2J".utf8)) }
    }

    private static func safe(_ text: String) -> String { ForeignText.escaped(text, keepingLines: true) }

    static var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 }

    static func exit(_ code: Int32) -> Never { Foundation.exit(code) }
}
