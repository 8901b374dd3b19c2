/// One thing that is wrong, or doubtful, in a file: where, what, and what to do.
///
/// Its ``description`` is made as compilers do it:
///
///     rules/checkout.yaml:14:9: error: unknown field 'treshold' in rule "CanaryErrors"; did you mean 'threshold'?
///             treshold: 1%
///             ^
public struct Diagnostic: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Severity: String, Sendable, Equatable {
        /// The file cannot be used.
        case error
        /// The file can be used, but probably does not do what its author wants.
        case warning
        /// The file can be used, but asks for what can never be: `check` refuses it, and a daemon starts with it all the
        /// same, so that an update leaves no release unwatched.
        case impossible

        /// `error` or `warning`.
        package var label: String { self == .warning ? "warning" : "error" }
    }

    /// The release whose own lines it is found in; nil for what is about several or all of them, such as a rule file.
    public var release: String?
    /// As the user named it, or reached it: relative to the working directory where the configuration was.
    public var file: String
    /// From 1; 0 when the file itself is the problem (it cannot be read).
    public var line: Int
    /// From 1, in Unicode scalars as YAML counts them; 0 with line 0.
    public var column: Int
    public var severity: Severity
    /// One sentence. Never holds a secret.
    public var text: String
    /// The line as it is in the file, with secrets masked and no control characters; empty with line 0.
    public var sourceLine: String
    /// Spaces before the caret; differs from `column - 1` where something before it is masked or cut.
    package var caretOffset: Int

    /// `file:line:col: severity: text`, then the source line and a caret under the place.
    public var description: String {
        guard line > 0 else { return "\(file): \(severity.label): \(text)" }
        let padding = String(repeating: " ", count: caretOffset)
        return "\(file):\(line):\(column): \(severity.label): \(text)\n\(sourceLine)\n\(padding)^"
    }
}
