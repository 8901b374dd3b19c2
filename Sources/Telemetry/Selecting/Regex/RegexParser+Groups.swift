extension RegexParser {
    /// What begins with `(?`: a named group, a group with flags, or flags for the rest of the present group.
    ///
    /// - Returns: whether a group has been opened.
    mutating func specialGroup() throws(PatternError) -> Bool {
        let start = position
        if skip("(?P<") || skip("(?<") {
            try groupName(from: start)
            return true
        }
        position += 2
        return try groupFlags(from: start)
    }

    private mutating func groupName(from start: Int) throws(PatternError) {
        let first = peek()
        guard first != "=", first != "!" else { throw unknownGroup(from: start) }
        guard let end = place(of: ">") else { throw refused("the name of a group is not closed with '>'", at: start) }
        let name = pattern[position..<end]
        guard !name.isEmpty, name.allSatisfy({ $0 == "_" || Self.isAlphanumeric($0) }) else {
            throw refused("'\(text(position..<end))' cannot name a group; use letters, digits and '_'", at: start)
        }
        groupNames.append(text(position..<end))
        position = end + 1
    }

    private mutating func groupFlags(from start: Int) throws(PatternError) -> Bool {
        var new = flags
        var isOn = true
        var hasFlag = false
        while let letter = peek() {
            position += 1
            switch letter {
            case "i": new.ignoresCase = isOn
            case "m": new.isMultiline = isOn
            case "s": new.dotMatchesNewline = isOn
            case "U": new.isUngreedy = isOn
            case "-" where isOn:
                isOn = false
                hasFlag = false
                continue
            case ":" where isOn || hasFlag, ")" where isOn || hasFlag:
                flags = new
                return letter == ":"
            default: throw unknownGroup(from: start)
            }
            hasFlag = true
        }
        throw unknownGroup(from: start)
    }

    private func unknownGroup(from start: Int) -> PatternError {
        let rest = text(start..<min(start + 4, pattern.count))
        let kinds = [
            "(?=": "lookahead", "(?!": "lookahead", "(?<=": "lookbehind", "(?<!": "lookbehind",
            "(?>": "atomic groups", "(?#": "comments", "(?P=": "references to groups", "(?P>": "recursion",
            "(?R": "recursion", "(?|": "branch reset", "(?(": "conditions",
        ]
        for (opening, kind) in kinds.sorted(by: { $0.key.count > $1.key.count }) where rest.hasPrefix(opening) {
            return refused("'\(opening)' (\(kind)) is not known", at: start)
        }
        return refused("'\(text(start..<min(position, pattern.count)))' is not a known group", at: start)
    }
}
