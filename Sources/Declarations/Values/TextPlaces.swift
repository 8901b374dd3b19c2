/// The positions of the characters of a value's text in the file.
///
/// The file's characters are matched with the text's from left to right. Blanks and line breaks of the text match any
/// blanks and breaks in the file (folded lines, indentation), escapes of quoted texts are decoded. So the place of
/// every character that is no blank is exact, in all of YAML's styles.
package struct TextPlaces {
    private let value: YAMLValue
    private let text: [Unicode.Scalar]
    private let style: YAMLValue.Style

    package init?(_ value: YAMLValue) {
        guard case .text(let text, let style) = value.content else { return nil }
        self.value = value
        self.text = Array(text.unicodeScalars)
        self.style = style
    }

    /// The place of the scalar with that number in the text; the end of the text for larger ones.
    package func place(_ offset: Int) -> Place {
        var cursor = SourceCursor(value.place, style: style)
        // A place at a blank is reported as the end of the text before it.
        var last: Place?
        for (index, scalar) in text.enumerated() {
            if Self.isSpace(scalar) {
                if index >= offset { return last ?? value.place }
                continue
            }
            guard let found = cursor.find(scalar) else { return value.place }
            if index >= offset { return found }
            last = cursor.place
        }
        return last ?? value.place
    }

    /// The place of a byte of the text's UTF-8.
    package func place(utf8Offset: Int) -> Place {
        var bytes = 0
        let offset = text.firstIndex { scalar in
            bytes += UTF8.width(scalar)
            return bytes > utf8Offset
        }
        return place(offset ?? text.count)
    }

    fileprivate static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
}

/// Walks over the file's characters from a value's beginning.
private struct SourceCursor {
    private let file: SourceFile
    private let style: YAMLValue.Style
    private var line: Int
    private var scalars: [Unicode.Scalar]
    private var index: Int

    init(_ start: Place, style: YAMLValue.Style) {
        file = start.file
        self.style = style
        line = start.line
        scalars = Array(start.file.line(start.line).unicodeScalars)
        index = max(0, start.column - 1)
        skipProperties()
        switch style {
        case .plain: break
        case .singleQuoted, .doubleQuoted: if hasMore, scalars[index] == "'" || scalars[index] == "\"" { index += 1 }
        case .block: nextLine()
        }
    }

    var place: Place { Place(file: file, line: line, column: index + 1) }

    private var hasMore: Bool { index < scalars.count }

    /// The place of the next character, which has to be this one; nil when it is another.
    mutating func find(_ wanted: Unicode.Scalar) -> Place? {
        guard skipToText() else { return nil }
        let found = place
        guard character() == wanted else { return nil }
        return found
    }

    /// Anchors and tags precede the text and belong to the value's place.
    private mutating func skipProperties() {
        while hasMore, scalars[index] == "&" || scalars[index] == "!" {
            while hasMore, !Quote.isBlank(scalars[index]) { index += 1 }
            while hasMore, Quote.isBlank(scalars[index]) { index += 1 }
        }
    }

    /// False at the end of the file.
    private mutating func skipToText() -> Bool {
        while line <= file.lineCount {
            while hasMore, TextPlaces.isSpace(scalars[index]) { index += 1 }
            guard hasMore else {
                nextLine()
                continue
            }
            guard style == .doubleQuoted, scalars[index] == "\\" else { return true }
            // A backslash at the end of a line joins lines; `\n` and `\t` are blanks of the text.
            let before = index
            guard let scalar = character() else { continue }
            if TextPlaces.isSpace(scalar) { continue }
            index = before
            return true
        }
        return false
    }

    private mutating func nextLine() {
        line += 1
        scalars = Array(file.line(line).unicodeScalars)
        index = 0
    }

    private mutating func character() -> Unicode.Scalar? {
        guard hasMore else { return nil }
        let scalar = scalars[index]
        index += 1
        switch (style, scalar) {
        case (.singleQuoted, "'"):
            index += 1
            return scalar
        case (.doubleQuoted, "\\"): return escape()
        default: return scalar
        }
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard hasMore else { return nil }
        let letter = scalars[index]
        index += 1
        switch letter {
        case "n": return "\n"
        case "t": return "\t"
        case "r": return "\r"
        case "N": return "\u{85}"
        case "_": return "\u{A0}"
        case "L": return "\u{2028}"
        case "P": return "\u{2029}"
        case "x": return hexadecimal(2)
        case "u": return hexadecimal(4)
        case "U": return hexadecimal(8)
        default: return letter
        }
    }

    private mutating func hexadecimal(_ digits: Int) -> Unicode.Scalar? {
        let end = min(index + digits, scalars.count)
        let value = UInt32(Quote.string(Array(scalars[index..<end])), radix: 16)
        index = end
        return value.flatMap(Unicode.Scalar.init)
    }
}
