import Foundation
import Support

/// What the commands print on.
enum Terminal {
    /// A line on standard output, at once: a watcher must not wait for a buffer. Whatever the text was made of, it cannot
    /// steer the terminal.
    static func say(_ text: String) { FileHandle.standardOutput.write(Data((safe(text) + "\n").utf8)) }

    /// A line on standard error.
    static func complain(_ text: String) { FileHandle.standardError.write(Data((safe(text) + "\n").utf8)) }

    /// Clears the screen, on a terminal.
    static func clear() {
        if isInteractive { FileHandle.standardOutput.write(Data("\u{1B}[H\u{1B}[2J".utf8)) }
    }

    private static func safe(_ text: String) -> String { ForeignText.escaped(text, keepingLines: true) }

    static var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 }

    static func exit(_ code: Int32) -> Never { Foundation.exit(code) }
}
