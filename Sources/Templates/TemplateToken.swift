/// A part of what is between `{{` and `}}`.
enum TemplateToken: Equatable, Sendable {
    case name(String)
    /// `.name`; empty for the dot alone.
    case field(String)
    /// With the `$`.
    case variable(String)
    case text(String)
    case integer(Int)
    case number(Double)
    /// `|`, `(`, `)`, `:=`, `=`, `,`.
    case sign(String)
}

/// A token, where it is, and whether a space is before it: `$x.y` is one value, `$x .y` are two.
struct PlacedToken: Sendable {
    let token: TemplateToken
    let offset: Int
    let isSpaced: Bool
}

/// A text between actions, or the tokens of an action.
enum TemplatePiece: Sendable {
    case text(String)
    case action([PlacedToken], offset: Int)
}

/// Takes a template apart.
struct TemplateLexer {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var pieces: [TemplatePiece] = []

    static func pieces(_ text: String) throws(TemplateError) -> [TemplatePiece] {
        var lexer = TemplateLexer(text)
        try lexer.run()
        return lexer.pieces
    }

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    private mutating func run() throws(TemplateError) {
        var trimsNext = false
        while position < scalars.count {
            let open = find("{{", from: position)
            let trimsThis = open.map { $0 + 3 < scalars.count && scalars[$0 + 2] == "-" && isSpace($0 + 3) } ?? false
            addText(position..<(open ?? scalars.count), trimsFront: trimsNext, trimsBack: trimsThis)
            guard let open else { return }
            position = open + (trimsThis ? 3 : 2)
            trimsNext = try action(from: open)
        }
    }

    private mutating func addText(_ range: Range<Int>, trimsFront: Bool, trimsBack: Bool) {
        var (low, high) = (range.lowerBound, range.upperBound)
        if trimsFront { while low < high, isSpace(low) { low += 1 } }
        if trimsBack { while high > low, isSpace(high - 1) { high -= 1 } }
        guard low < high else { return }
        pieces.append(.text(string(low..<high)))
    }

    /// - Returns: whether the text behind it is trimmed.
    private mutating func action(from open: Int) throws(TemplateError) -> Bool {
        if try skipComment(open) { return try close(open) }
        var tokens: [PlacedToken] = []
        while true {
            let start = position
            while position < scalars.count, isSpace(position) { position += 1 }
            guard position < scalars.count else { throw TemplateError("the action has no }}", at: open) }
            if isClosing {
                pieces.append(.action(tokens, offset: open))
                return try close(open)
            }
            let place = position
            tokens.append(PlacedToken(token: try token(), offset: place, isSpaced: place > start))
        }
    }

    private mutating func skipComment(_ open: Int) throws(TemplateError) -> Bool {
        var start = position
        while start < scalars.count, isSpace(start) { start += 1 }
        guard starts("/*", at: start) else { return false }
        guard let end = find("*/", from: start) else { throw TemplateError("the comment has no */", at: open) }
        position = end + 2
        while position < scalars.count, isSpace(position) { position += 1 }
        guard isClosing else { throw TemplateError("a comment ends with */}}", at: open) }
        return true
    }

    private var isClosing: Bool {
        starts("}}", at: position) || (starts("-}}", at: position) && position > 0 && isSpace(position - 1))
    }

    private mutating func close(_ open: Int) throws(TemplateError) -> Bool {
        let trims = scalars[position] == "-"
        position += trims ? 3 : 2
        return trims
    }

    // MARK: Tokens

    private mutating func token() throws(TemplateError) -> TemplateToken {
        let first = scalars[position]
        switch first {
        case "\"": return .text(try quoted())
        case "`": return .text(try raw())
        case "|", "(", ")", ",", "=":
            position += 1
            return .sign(String(first))
        case ":":
            guard starts(":=", at: position) else { throw unexpected() }
            position += 2
            return .sign(":=")
        case "$":
            position += 1
            return .variable("$" + name())
        case ".":
            if position + 1 < scalars.count, isDigit(scalars[position + 1]) { return try number() }
            position += 1
            return .field(name())
        case "+", "-", "0"..."9": return try number()
        default:
            let word = name()
            guard !word.isEmpty else { throw unexpected() }
            return .name(word)
        }
    }

    private func unexpected() -> TemplateError {
        TemplateError("unexpected \"\(Character(scalars[position]))\" in an action", at: position)
    }

    private mutating func name() -> String {
        let start = position
        while position < scalars.count, isName(scalars[position]) { position += 1 }
        return string(start..<position)
    }

    private mutating func number() throws(TemplateError) -> TemplateToken {
        let start = position
        position += 1
        while position < scalars.count, isName(scalars[position]) || scalars[position] == "." || isSign(position) {
            position += 1
        }
        let text = string(start..<position)
        if let value = Int(text) { return .integer(value) }
        guard let value = Double(text) else { throw TemplateError("\"\(text)\" is not a number", at: start) }
        return .number(value)
    }

    /// The sign of an exponent.
    private func isSign(_ place: Int) -> Bool {
        (scalars[place] == "+" || scalars[place] == "-") && (scalars[place - 1] == "e" || scalars[place - 1] == "E")
    }

    private mutating func raw() throws(TemplateError) -> String {
        guard let end = find("`", from: position + 1) else {
            throw TemplateError("the text has no closing `", at: position)
        }
        defer { position = end + 1 }
        return string((position + 1)..<end)
    }

    private mutating func quoted() throws(TemplateError) -> String {
        let start = position
        var text = String.UnicodeScalarView()
        position += 1
        while position < scalars.count, scalars[position] != "\n" {
            let scalar = scalars[position]
            position += 1
            if scalar == "\"" { return String(text) }
            text.append(scalar == "\\" ? try escape(start) : scalar)
        }
        throw TemplateError("the text has no closing quotation mark", at: start)
    }

    private mutating func escape(_ start: Int) throws(TemplateError) -> Unicode.Scalar {
        guard position < scalars.count else { throw TemplateError("the text has no closing quotation mark", at: start) }
        let letter = scalars[position]
        position += 1
        let plain: [Unicode.Scalar: Unicode.Scalar] = [
            "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "\"": "\"", "'": "'", "a": "\u{7}", "b": "\u{8}", "f": "\u{C}",
            "v": "\u{B}",
        ]
        if let known = plain[letter] { return known }
        let digits = letter == "x" ? 2 : letter == "u" ? 4 : letter == "U" ? 8 : 0
        let end = position + digits
        guard digits > 0, end <= scalars.count, let code = UInt32(string(position..<end), radix: 16),
            let scalar = Unicode.Scalar(code)
        else { throw TemplateError("\"\\\(Character(letter))\" is not an escape", at: position - 2) }
        position = end
        return scalar
    }

    // MARK: Scalars

    private func find(_ text: String, from start: Int) -> Int? {
        let count = text.unicodeScalars.count
        guard start + count <= scalars.count else { return nil }
        return (start...(scalars.count - count)).first { starts(text, at: $0) }
    }

    private func starts(_ text: String, at place: Int) -> Bool {
        let wanted = text.unicodeScalars
        return place + wanted.count <= scalars.count && zip(wanted, scalars[place...]).allSatisfy(==)
    }

    private func string(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range])
        return String(view)
    }

    private func isSpace(_ place: Int) -> Bool { [" ", "\t", "\r", "\n"].contains(scalars[place]) }

    private func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private func isName(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || isDigit(scalar) || scalar.properties.isAlphabetic
    }
}
