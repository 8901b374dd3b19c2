/// Makes text from outside (scrape bodies, answers of routers and receivers, output of programs) fit for a log, a terminal,
/// the journal and the API: one line of bounded length without characters that control what is shown.
public enum ForeignText {
    /// Characters of one text.
    public static let limit = 500

    /// One line, at most `limit` characters; a longer text ends in `…`.
    public static func line(_ text: String, limit: Int = ForeignText.limit) -> String {
        guard text.utf8.count > limit || !isPlain(text) else { return text }
        let shown = escaped(String(text.unicodeScalars.prefix(limit + 1)))
        guard shown.unicodeScalars.count > limit else { return shown }
        return String(shown.unicodeScalars.prefix(max(0, limit - 1))) + "…"
    }

    /// The text with its control characters, line breaks and direction marks as escapes: `\n`, `\t`, `\u{1b}`. Escaping
    /// twice changes nothing.
    ///
    /// - Parameter keepingLines: leaves line feeds and tabs as they are, for a terminal.
    public static func escaped(_ text: String, keepingLines: Bool = false) -> String {
        guard !isPlain(text) else { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if keepingLines, scalar == "\n" || scalar == "\t" || !isDangerous(scalar) {
                shown.append(scalar)
            } else if isDangerous(scalar) {
                shown.append(contentsOf: escape(scalar).unicodeScalars)
            } else {
                shown.append(scalar)
            }
        }
        return String(shown)
    }

    /// Printable ASCII alone, as nearly all texts are.
    private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } }

    /// Controls (C0, DEL, C1), format characters (which include all that turn the direction of text), line and paragraph
    /// separators, and what is no character.
    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: true
        default: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
}
