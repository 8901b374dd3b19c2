import Foundation

/// What the commands print on.
enum Terminal {
    /// A line on standard output, at once: a watcher must not wait for a buffer.
    static func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

    /// A line on standard error.
    static func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    static var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 }

    static func exit(_ code: Int32) -> Never { Foundation.exit(code) }
}
