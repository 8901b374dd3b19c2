/// One file of nginx's configuration.
struct NginxFile: Sendable, Equatable {
    let path: String
    /// Nil for a file that is not balanced, or nested too deep.
    let statements: [NginxStatement]?
}

/// A directive: its name and parameters, and what is in its braces.
struct NginxStatement: Sendable, Equatable {
    let parts: [String]
    let block: [NginxStatement]

    var name: String { parts.first ?? "" }

    /// This statement and all statements inside it.
    var all: [NginxStatement] { [self] + block.flatMap(\.all) }
}

/// The configuration of an nginx as `nginx -T` prints it: each file after a line with its path.
///
/// Source: nginx documentation, "Command-line parameters" and "Configuration File's Structure".
enum NginxDump {
    private static let heading = "# configuration file "

    static func files(_ dump: String) -> [NginxFile] {
        var files: [NginxFile] = []
        var path: String?
        var lines: [Substring] = []
        func finish() {
            guard let path else { return }
            var reader = Reader(bytes: Array(lines.joined(separator: "\n").utf8))
            files.append(NginxFile(path: path, statements: reader.block(depth: 0)))
        }
        for line in dump.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix(heading), line.hasSuffix(":") {
                finish()
                (path, lines) = (String(line.dropFirst(heading.count).dropLast()), [])
            } else {
                lines.append(line)
            }
        }
        finish()
        return files
    }

    /// Splits the text of a file into statements.
    private struct Reader {
        private enum Token {
            case text(String)
            case semicolon
            case open
            case close
        }

        /// nginx itself nests http, server, location, if.
        private static let depthLimit = 20

        let bytes: [UInt8]
        private var index = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

        /// - Returns: the statements up to the closing brace, at depth 0 up to the end; nil where that is missing.
        mutating func block(depth: Int) -> [NginxStatement]? {
            var found: [NginxStatement] = []
            var parts: [String] = []
            while let token = next() {
                switch token {
                case .text(let text): parts.append(text)
                case .semicolon:
                    found.append(NginxStatement(parts: parts, block: []))
                    parts = []
                case .open:
                    guard let inside = inside(parts, depth: depth) else { return nil }
                    found.append(NginxStatement(parts: parts, block: inside))
                    parts = []
                case .close: return depth > 0 && parts.isEmpty ? found : nil
                }
            }
            return depth == 0 && parts.isEmpty ? found : nil
        }

        /// Of a directive with Lua code nothing is read.
        private mutating func inside(_ parts: [String], depth: Int) -> [NginxStatement]? {
            guard depth < Self.depthLimit else { return nil }
            if parts.first?.hasSuffix("_by_lua_block") == true { return skipCode() ? [] : nil }
            return block(depth: depth + 1)
        }

        private mutating func skipCode() -> Bool {
            var depth = 1
            while let byte = current, depth > 0 {
                depth += byte == UInt8(ascii: "{") ? 1 : byte == UInt8(ascii: "}") ? -1 : 0
                index += 1
            }
            return depth == 0
        }

        private mutating func next() -> Token? {
            skipSpace()
            guard let byte = current else { return nil }
            switch byte {
            case UInt8(ascii: ";"): return single(.semicolon)
            case UInt8(ascii: "{"): return single(.open)
            case UInt8(ascii: "}"): return single(.close)
            case UInt8(ascii: "\""), UInt8(ascii: "'"): return .text(quoted(byte))
            default: return .text(bare())
            }
        }

        private mutating func single(_ token: Token) -> Token {
            index += 1
            return token
        }

        private mutating func skipSpace() {
            while let byte = current {
                if byte == UInt8(ascii: "#") {
                    while let inside = current, inside != 10 { index += 1 }
                } else if isSpace(byte) {
                    index += 1
                } else {
                    return
                }
            }
        }

        private mutating func quoted(_ quote: UInt8) -> String {
            index += 1
            var text: [UInt8] = []
            while let byte = current, byte != quote {
                if byte == UInt8(ascii: "\\"), index + 1 < bytes.count { index += 1 }
                text.append(bytes[index])
                index += 1
            }
            index += 1
            return String(decoding: text, as: UTF8.self)
        }

        /// The braces of `${name}` belong to the text.
        private mutating func bare() -> String {
            let start = index
            while let byte = current, !isSpace(byte), byte != UInt8(ascii: ";") {
                if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") {
                    guard index > start, bytes[index - 1] == UInt8(ascii: "$") else { break }
                    while let inside = current, inside != UInt8(ascii: "}") { index += 1 }
                }
                index += 1
            }
            return String(decoding: bytes[start..<min(index, bytes.count)], as: UTF8.self)
        }

        private func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
    }
}
