/// Reads a regular expression in the syntax of RE2, as Prometheus uses it: with Perl's classes and groups, the dot
/// matching line breaks too. What RE2 refuses is refused: lookaround, references to groups, possessive repetition.
///
/// Source: RE2's `doc/syntax.txt`, and Go's `regexp/syntax` with the flags `Perl` and `DotNL`, which decides where the
/// two differ (`\C` is refused).
struct RegexParser {
    typealias Instruction = RegexProgram.Instruction

    /// Of one repetition, and of the product of nested ones; RE2's own limit.
    static let repeatLimit = 1_000
    /// Of open groups; RE2's own limit.
    static let depthLimit = 1_000
    /// Instructions. A text of 16 KiB, the longest label value, is matched in some seconds even then.
    static let sizeLimit = 50_000

    /// Instructions times the ends of groups: what a run that finds the groups holds at most, in machine integers,
    /// twice.
    static let captureLimit = 1_000_000

    struct Flags {
        var ignoresCase = false
        /// `(?U)`: repetitions are lazy, and greedy with a `?`.
        var isUngreedy = false
        /// `^` and `$` match at line breaks.
        var isMultiline = false
        var dotMatchesNewline = true
    }

    /// Something that a repetition can follow.
    struct Piece {
        var code: [Instruction]
        /// The largest product of nested repetitions in it.
        var copies = 1
        /// It can match the empty text.
        var isNullable = false
    }

    private struct Group {
        /// Those that hold behind the group.
        let outerFlags: Flags
        /// Its number where it captures, from 1; nil for `(?:…)`.
        var number: Int?
        var alternatives: [Piece] = []
        var pieces: [Piece] = []
    }

    let pattern: [Unicode.Scalar]
    var position = 0
    var flags = Flags()
    private(set) var sets: [ScalarSet] = []
    /// The name of each capturing group, from group 1; nil for one without.
    var groupNames: [String?] = []
    private var groups = [Group(outerFlags: Flags())]
    /// The piece before is a repetition, which must not be repeated again.
    private var isBehindRepetition = false

    init(_ pattern: String) { self.pattern = Array(pattern.unicodeScalars) }

    /// - Throws: ``PatternError`` that says what cannot be used and where.
    static func program(_ pattern: String) throws(PatternError) -> RegexProgram {
        var parser = RegexParser(pattern)
        while parser.position < parser.pattern.count { try parser.item() }
        guard parser.groups.count == 1, let last = parser.groups.popLast() else {
            throw parser.refused("a ')' is missing")
        }
        let code = try parser.whole(of: last).code
        guard (code.count + 1) * 2 * (parser.groupNames.count + 1) <= captureLimit else {
            throw parser.refused("it has too many groups for its size")
        }
        return RegexProgram(code: code, sets: parser.sets, groupNames: parser.groupNames)
    }

    // MARK: Text

    func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < pattern.count ? pattern[position + distance] : nil
    }

    mutating func skip(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard pattern[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    /// The place of a text at or behind the present one.
    func place(of text: String) -> Int? {
        let wanted = Array(text.unicodeScalars)
        guard pattern.count - position >= wanted.count else { return nil }
        return (position...(pattern.count - wanted.count)).first { pattern[$0...].starts(with: wanted) }
    }

    func text(_ range: Range<Int>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: pattern[range])
        return text
    }

    func refused(_ reason: String, at place: Int? = nil) -> PatternError {
        let shown = (place ?? position) + 1
        return PatternError(
            reason: "the regular expression cannot be used: \(reason), at character \(shown) (the syntax is RE2's)")
    }

    // MARK: Items

    private mutating func item() throws(PatternError) {
        guard let scalar = peek() else { return }
        let wasRepetition = isBehindRepetition
        isBehindRepetition = false
        switch scalar {
        case "(": try open()
        case ")": try close()
        case "|":
            position += 1
            try endAlternative()
        case "*", "+", "?": try repetition(wasRepetition)
        case "{": if try !countedRepetition(wasRepetition) { literal() }
        case "[": add(try bracketClass())
        case "\\": try escape()
        case ".": add(flags.dotMatchesNewline ? .any : .anyButNewline, advance: 1)
        case "^": add(.assert(flags.isMultiline ? .lineBegins : .textBegins), advance: 1)
        case "$": add(.assert(flags.isMultiline ? .lineEnds : .textEnds), advance: 1)
        default: literal()
        }
    }

    private mutating func literal() {
        guard let scalar = peek() else { return }
        position += 1
        add(scalar)
    }

    mutating func add(_ scalar: Unicode.Scalar) {
        guard flags.ignoresCase, CaseFolding.variants(of: scalar).count > 1 else { return add(.scalar(scalar)) }
        add(ScalarSet(parts: [ScalarSet.Part(content: .ranges([scalar...scalar]))], ignoresCase: true))
    }

    mutating func add(_ set: ScalarSet) {
        sets.append(set)
        add(.set(sets.count - 1))
    }

    mutating func add(_ instruction: Instruction, advance: Int = 0) {
        position += advance
        var isNullable = false
        if case .assert = instruction { isNullable = true }
        groups[groups.count - 1].pieces.append(Piece(code: [instruction], isNullable: isNullable))
    }

    // MARK: Groups

    private mutating func open() throws(PatternError) {
        guard groups.count <= RegexParser.depthLimit else {
            throw refused("more than \(RegexParser.depthLimit) groups are open")
        }
        let outer = flags
        guard peek(1) == "?" else {
            position += 1
            groupNames.append(nil)
            groups.append(Group(outerFlags: outer, number: groupNames.count))
            return
        }
        let before = groupNames.count
        guard try specialGroup() else { return }
        groups.append(Group(outerFlags: outer, number: groupNames.count > before ? groupNames.count : nil))
    }

    private mutating func close() throws(PatternError) {
        guard groups.count > 1, let group = groups.popLast() else { throw refused("a ')' closes nothing") }
        position += 1
        flags = group.outerFlags
        var piece = try whole(of: group)
        if let number = group.number {
            piece.code = [.save(2 * number)] + piece.code + [.save(2 * number + 1)]
        }
        groups[groups.count - 1].pieces.append(piece)
    }

    private mutating func endAlternative() throws(PatternError) {
        let last = groups.count - 1
        let alternative = try sequence(groups[last].pieces)
        groups[last].alternatives.append(alternative)
        groups[last].pieces = []
    }

    private func sequence(_ pieces: [Piece]) throws(PatternError) -> Piece {
        let size = pieces.reduce(0) { $0 + $1.code.count }
        try check(size: size)
        return Piece(
            code: pieces.flatMap(\.code), copies: pieces.map(\.copies).max() ?? 1,
            isNullable: pieces.allSatisfy(\.isNullable))
    }

    /// All alternatives of a group.
    private func whole(of group: Group) throws(PatternError) -> Piece {
        let last = try sequence(group.pieces)
        let all = group.alternatives + [last]
        var left = all.reduce(0) { $0 + $1.code.count + 2 } - 2
        try check(size: left)
        var code: [Instruction] = []
        for alternative in group.alternatives {
            let count = alternative.code.count
            code.append(.split(1, count + 2))
            left -= count + 2
            code += alternative.code
            code.append(.jump(left + 1))
        }
        return Piece(
            code: code + last.code, copies: all.map(\.copies).max() ?? 1,
            isNullable: all.contains(where: \.isNullable))
    }

    private func check(size: Int) throws(PatternError) {
        guard size <= RegexParser.sizeLimit else { throw refused("it is too large with all its repetitions") }
    }

    // MARK: Repetitions

    private mutating func repetition(_ isBehindRepetition: Bool) throws(PatternError) {
        let start = position
        let sign = peek()
        position += 1
        let (least, most): (Int, Int?) = sign == "*" ? (0, nil) : sign == "+" ? (1, nil) : (0, 1)
        try repeatLast(least, most, from: start, isBehindRepetition)
    }

    /// `{2}`, `{2,}`, `{2,5}`; anything else in braces is plain text.
    ///
    /// - Returns: false for plain text.
    private mutating func countedRepetition(_ isBehindRepetition: Bool) throws(PatternError) -> Bool {
        let start = position
        position += 1
        guard let least = count() else {
            position = start
            return false
        }
        var most: Int? = least
        if peek() == "," {
            position += 1
            most = peek() == "}" ? nil : count()
            if most == nil, peek() != "}" {
                position = start
                return false
            }
        }
        guard peek() == "}" else {
            position = start
            return false
        }
        position += 1
        guard least <= RegexParser.repeatLimit, most ?? least <= RegexParser.repeatLimit, least <= most ?? least else {
            let shown = text(start..<position)
            throw refused("'\(shown)' repeats more than \(RegexParser.repeatLimit) times, or is upside down", at: start)
        }
        try repeatLast(least, most, from: start, isBehindRepetition)
        return true
    }

    /// Without leading zeros; too large ones are all the same.
    private mutating func count() -> Int? {
        var digits: [Int] = []
        while let scalar = peek(), ("0"..."9").contains(scalar) {
            digits.append(Int(scalar.value) - 48)
            position += 1
        }
        guard let first = digits.first, first != 0 || digits.count == 1 else { return nil }
        return digits.count > 6 ? RegexParser.repeatLimit + 1 : digits.reduce(0) { $0 * 10 + $1 }
    }

    private mutating func repeatLast(
        _ least: Int, _ most: Int?, from start: Int, _ isBehindRepetition: Bool
    ) throws(PatternError) {
        let isLazy = skip("?") != flags.isUngreedy
        if isBehindRepetition {
            let shown = text((start - 1)..<position)
            throw refused("'\(shown)' repeats a repetition; possessive ones are not known", at: start - 1)
        }
        self.isBehindRepetition = true
        guard let piece = groups[groups.count - 1].pieces.popLast() else {
            throw refused("there is nothing to repeat before '\(text(start..<position))'", at: start)
        }
        let repetition = RegexRepetition(least: least, most: most, isLazy: isLazy)
        try check(size: repetition.size(of: piece))
        let repeated = repetition.applied(to: piece)
        guard repeated.copies <= RegexParser.repeatLimit else {
            throw refused("nested repetitions make more than \(RegexParser.repeatLimit) copies", at: start)
        }
        groups[groups.count - 1].pieces.append(repeated)
    }
}
