import Declarations

/// A file's text, known to be UTF-8 without characters that YAML forbids and without nesting that would take a parser's
/// stack.
struct FileText {
    static let limitBytes = 1 << 20
    /// Deeper than any real file, shallow enough for recursive code. What is truly nested deeper than
    /// ``TreeBuilder/depthLimit`` is reported with its place later; this is a bound on the raw text.
    private static let rawNestingLimit = 300

    let file: SourceFile
    let scalars: [Unicode.Scalar]

    /// Reads and checks a file.
    ///
    /// - Parameters:
    ///   - asked: Where the file is named, for the message when it cannot be read.
    ///   - advice: what else could be written, for a file that is not there.
    /// - Returns: Nil after an error has been reported.
    static func read(
        _ path: String, asked: Place?, advice: String = "", files: any FileSource, log: DiagnosticLog
    ) -> FileText? {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try files.read(path, limitBytes: limitBytes)
        } catch {
            if let asked {
                let more = if case .missing = error { advice } else { "" }
                log.error(asked, "cannot use \(Quote.value(path)): \(error)\(more)")
            } else {
                log.error(.whole(SourceFile(path: path)), "\(error)")
            }
            return nil
        }
        return check(bytes, path: path, log: log)
    }

    private static func check(_ bytes: [UInt8], path: String, log: DiagnosticLog) -> FileText? {
        // A byte order mark at the beginning says nothing in UTF-8; some editors write it.
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let file = SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))
            let (line, column) = firstInvalid(bytes)
            log.error(Place(file: file, line: line, column: column), "not valid UTF-8; save the file as UTF-8")
            return nil
        }
        let file = SourceFile(path: path, text: text)
        log.begin(file)
        let scalars = Array(text.unicodeScalars)
        guard let (line, column, reason) = firstUnusable(scalars) else { return FileText(file: file, scalars: scalars) }
        log.error(Place(file: file, line: line, column: column), reason)
        return nil
    }

    private static func firstInvalid(_ bytes: ArraySlice<UInt8>) -> (line: Int, column: Int) {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        // Lines break where they do everywhere else, or the place would be one that the file does not have.
        var cursor = NestingCursor()
        var last: Unicode.Scalar?
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            cursor.advance(scalar, isSecondHalf: scalar == "\n" && last == "\r")
            last = scalar
        }
        return (cursor.line, cursor.column)
    }

    private static func firstUnusable(_ scalars: [Unicode.Scalar]) -> (line: Int, column: Int, reason: String)? {
        var cursor = NestingCursor()
        for (index, scalar) in scalars.enumerated() {
            guard isAllowed(scalar) else {
                let code = String(scalar.value, radix: 16, uppercase: true)
                let name = "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
                return (cursor.line, cursor.column, "the character \(name) is not allowed in YAML; remove it")
            }
            cursor.advance(scalar, isSecondHalf: scalar == "\n" && index > 0 && scalars[index - 1] == "\r")
            if cursor.depth > rawNestingLimit {
                return (cursor.line, cursor.column - 1, "nested deeper than \(TreeBuilder.depthLimit) levels")
            }
        }
        return nil
    }

    /// YAML's printable characters.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF:
            true
        default: false
        }
    }
}

/// Follows a text without understanding it and bounds how deep it can be nested: by brackets, and by what can open a
/// block at the beginning of a line (`- - - -`, or columns of indentation).
private struct NestingCursor {
    var line = 1
    var column = 1
    private var brackets = 0
    private var leading = 0
    private var isLeading = true

    var depth: Int { max(brackets, isLeading ? 0 : leading) }

    mutating func advance(_ scalar: Unicode.Scalar, isSecondHalf: Bool) {
        switch scalar {
        case "\n" where isSecondHalf: return
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
            (line, column, leading, isLeading) = (line + 1, 1, 0, true)
            return
        case "[", "{": brackets += 1
        case "]", "}": brackets = max(0, brackets - 1)
        case " ", "-", "?", ":", "\t": if isLeading { leading += 1 }
        default: break
        }
        column += 1
        if ![" ", "-", "?", ":", "\t"].contains(scalar) {
            isLeading = false
        } else if isLeading, leading > 20_000 {
            // Nothing but indicators for so long: do not wait for the line's end.
            isLeading = false
        }
    }
}
