import Support

/// The length that a service takes, in the units in which it counts.
struct TextLimit: Sendable, Equatable {
    enum Unit: Sendable {
        /// Of UTF-8.
        case bytes
        /// UTF-16 units: no service that speaks of characters counts more.
        case characters
    }

    let count: Int
    let unit: Unit

    static func bytes(_ count: Int) -> TextLimit { TextLimit(count: count, unit: .bytes) }

    static func characters(_ count: Int) -> TextLimit { TextLimit(count: count, unit: .characters) }

    func length(_ text: String) -> Int {
        switch unit {
        case .bytes: text.utf8.count
        case .characters: text.utf16.count
        }
    }

    /// A smaller limit in the same units.
    func of(_ count: Int) -> TextLimit { TextLimit(count: max(0, min(count, self.count)), unit: unit) }
}

/// How a text is written so that a service shows it as it is.
struct MarkUp: Sendable {
    /// The replacement of one character (an escape), or nil for one that stays.
    let escape: @Sendable (Unicode.Scalar) -> String?

    /// A foreign text, escaped, cut to the limit with `…` at the end. The limit is that of the escaped text. It is cut
    /// before a whole character: neither inside an escape nor inside an emoji of several scalars.
    func text(_ text: String, limit: TextLimit) -> String {
        let ellipsis = "…"
        let room = limit.count - limit.length(ellipsis)
        var shown = ""
        var length = 0
        var fitting: (text: String, length: Int)?
        // A line is a few hundred characters; the rest of an endless one is never visited.
        for character in ForeignText.escaped(String(text.unicodeScalars.prefix(limit.count + 1))) {
            let piece = escaped(character)
            let size = limit.length(piece)
            if fitting == nil, length + size > room { fitting = (shown, length) }
            length += size
            guard length <= limit.count else { break }
            shown += piece
        }
        guard length > limit.count, let fitting else { return shown }
        return room < 0 ? "" : fitting.text + ellipsis
    }

    private func escaped(_ character: Character) -> String {
        character.unicodeScalars.reduce(into: "") { shown, scalar in
            if let replacement = escape(scalar) { shown += replacement } else { shown.unicodeScalars.append(scalar) }
        }
    }
}

extension MarkUp {
    /// Behind an `@`, and inside of marks: makes a mark no mark, and is not visible.
    private static let invisible = "\u{200B}"

    /// No marks; a mention is kept from being one.
    static let plain = MarkUp { $0 == "@" ? "@" + invisible : nil }

    /// Nothing is replaced: for fields that no service reads marks in.
    static let verbatim = MarkUp { _ in nil }

    /// https://api.slack.com/reference/surfaces/formatting#escaping
    static let slack = MarkUp { scalar in
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "@": "@" + invisible
        default: nil
        }
    }

    static let html = MarkUp { scalar in
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\"": "&quot;"
        case "'": "&#39;"
        case "@": "@" + invisible
        default: nil
        }
    }

    /// A text of ours as an attribute of HTML, whole.
    static func attribute(_ text: String) -> String { html.text(text, limit: .bytes(1 << 20)) }

    /// CommonMark, in which a backslash takes the meaning from any punctuation.
    static let markdown = MarkUp { scalar in
        switch scalar {
        case "\\", "`", "*", "_", "{", "}", "[", "]", "(", ")", "#", "+", "!", "|", "~", ">": "\\\(scalar)"
        case "<": "\\<" + invisible
        case "@": "@" + invisible
        default: nil
        }
    }

    /// Dialects of Markdown that have no escapes.
    static let looseMarkdown = MarkUp { scalar in
        switch scalar {
        case "`", "*", "_", "[", "]", "(", "#", "<", "~", "@": "\(scalar)" + invisible
        default: nil
        }
    }
}
