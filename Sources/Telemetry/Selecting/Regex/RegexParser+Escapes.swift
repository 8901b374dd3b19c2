extension RegexParser {
    /// An item that begins with a backslash.
    mutating func escape() throws(PatternError) {
        let start = position
        guard let letter = peek(1) else { throw refused("there is nothing behind the last '\\'") }
        if let assertion = RegexParser.assertion(letter) { return add(.assert(assertion), advance: 2) }
        if letter == "Q" { return quotedLiterals() }
        if let part = try classEscape() {
            return add(ScalarSet(parts: [part], ignoresCase: flags.ignoresCase))
        }
        add(try escapedScalar(from: start))
    }

    private static func assertion(_ letter: Unicode.Scalar) -> RegexProgram.Assertion? {
        switch letter {
        case "A": .textBegins
        case "z": .textEnds
        case "b": .wordBoundary
        case "B": .noWordBoundary
        default: nil
        }
    }

    /// `\Q…\E`, or to the end.
    private mutating func quotedLiterals() {
        position += 2
        let end = place(of: "\\E")
        for scalar in pattern[position..<(end ?? pattern.count)] { add(scalar) }
        position = end.map { $0 + 2 } ?? pattern.count
    }

    /// `\d`, `\pL`, `\P{Greek}`; nil when this is none, and nothing has been read.
    mutating func classEscape() throws(PatternError) -> ScalarSet.Part? {
        guard peek() == "\\", let letter = peek(1) else { return nil }
        if let part = ScalarSet.Part.perl(letter) {
            position += 2
            return part
        }
        guard letter == "p" || letter == "P" else { return nil }
        return try unicodeGroup(isNegated: letter == "P")
    }

    private mutating func unicodeGroup(isNegated: Bool) throws(PatternError) -> ScalarSet.Part {
        let start = position
        position += 2
        var name: String
        if peek() == "{" {
            guard let end = place(of: "}") else { throw refused("a '}' is missing", at: start) }
            name = text((position + 1)..<end)
            position = end + 1
        } else {
            name = text(position..<min(position + 1, pattern.count))
            position = min(position + 1, pattern.count)
        }
        let isTurned = name.hasPrefix("^")
        if isTurned { name.removeFirst() }
        guard let group = UnicodeGroup(name) else {
            let shown = text(start..<position)
            throw refused("'\(shown)' is not a Unicode category such as \\pL or a script such as \\p{Greek}", at: start)
        }
        return ScalarSet.Part(content: .group(group), isNegated: isNegated != isTurned)
    }

    // MARK: Single characters

    /// `\.`, `\n`, `\x41`, `\x{1F600}`, `\101`.
    mutating func escapedScalar(from start: Int) throws(PatternError) -> Unicode.Scalar {
        guard let letter = peek(1) else { throw refused("there is nothing behind the last '\\'") }
        position += 2
        switch letter {
        case "a": return "\u{7}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{B}"
        case "x": if let scalar = hexadecimal() { return scalar }
        case "0"..."7": if let scalar = octal(letter) { return scalar }
        case _ where letter.isASCII && !Self.isAlphanumeric(letter): return letter
        default: break
        }
        throw unknownEscape(from: start)
    }

    private func unknownEscape(from start: Int) -> PatternError {
        let shown = text(start..<min(max(position, start + 2), pattern.count))
        let isReference = pattern[start + 1].value >= 0x31 && pattern[start + 1].value <= 0x39 || shown == "\\k"
        return refused(
            isReference ? "'\(shown)' refers to a group, which is not known" : "'\(shown)' is not a known escape",
            at: start)
    }

    /// Two digits, or any number of them in braces. The `x` has been read.
    private mutating func hexadecimal() -> Unicode.Scalar? {
        guard peek() == "{" else {
            guard let high = peek().flatMap(Self.hexValue), let low = peek(1).flatMap(Self.hexValue) else { return nil }
            position += 2
            return Unicode.Scalar(high * 16 + low)
        }
        guard let end = place(of: "}"), end > position + 1 else { return nil }
        var value: UInt32 = 0
        for scalar in pattern[(position + 1)..<end] {
            guard let digit = Self.hexValue(scalar), value <= 0x10_FFFF else { return nil }
            value = value * 16 + digit
        }
        position = end + 1
        // A surrogate is no character: it can be written and never matches, so it becomes one that labels do not have.
        return value <= 0x10_FFFF ? Unicode.Scalar(value) ?? "\u{10FFFF}" : nil
    }

    /// Up to three digits; one alone, other than zero, would refer to a group.
    private mutating func octal(_ first: Unicode.Scalar) -> Unicode.Scalar? {
        func digit(_ scalar: Unicode.Scalar?) -> UInt32? {
            guard let scalar, ("0"..."7").contains(scalar) else { return nil }
            return scalar.value - 48
        }
        var value = first.value - 48
        guard value == 0 || digit(peek()) != nil else { return nil }
        for _ in 0..<2 {
            guard let next = digit(peek()) else { break }
            value = value * 8 + next
            position += 1
        }
        return Unicode.Scalar(value)
    }

    private static func hexValue(_ scalar: Unicode.Scalar) -> UInt32? {
        guard scalar.isASCII else { return nil }
        return Character(scalar).hexDigitValue.map(UInt32.init)
    }

    static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
    }
}
