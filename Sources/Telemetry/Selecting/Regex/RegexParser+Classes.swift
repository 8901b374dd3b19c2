extension RegexParser {
    /// `[a-z]`, `[^[:alpha:]\d_]`. A `]` right at the begin is a character, and so is a `-` at either end.
    mutating func bracketClass() throws(PatternError) -> ScalarSet {
        let start = position
        position += 1
        var set = ScalarSet(ignoresCase: flags.ignoresCase)
        set.isNegated = skip("^")
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        var isFirst = true
        while isFirst || peek() != "]" {
            guard peek() != nil else { throw refused("a ']' is missing", at: start) }
            isFirst = false
            if let part = try namedClass() {
                set.parts.append(part)
            } else if let part = try classEscape() {
                set.parts.append(part)
            } else {
                ranges.append(try range(classStart: start))
            }
        }
        position += 1
        if !ranges.isEmpty { set.parts.append(ScalarSet.Part(content: .ranges(ranges))) }
        return set
    }

    /// `[:alpha:]`; nil when this is none, and nothing has been read.
    private mutating func namedClass() throws(PatternError) -> ScalarSet.Part? {
        guard peek() == "[", peek(1) == ":" else { return nil }
        let start = position
        position += 2
        guard let end = place(of: ":]") else {
            position = start
            return nil
        }
        let name = text(position..<end)
        guard let part = ScalarSet.Part.posix(name) else {
            throw refused("there is no class '[:\(name):]'", at: start)
        }
        position = end + 2
        return part
    }

    /// A character, or two of them with a `-` between.
    private mutating func range(classStart: Int) throws(PatternError) -> ClosedRange<Unicode.Scalar> {
        let start = position
        let low = try classScalar(classStart)
        guard peek() == "-", let behind = peek(1), behind != "]" else { return low...low }
        position += 1
        let high = try classScalar(classStart)
        guard low <= high else {
            throw refused("the range '\(text(start..<position))' is upside down", at: start)
        }
        return low...high
    }

    private mutating func classScalar(_ classStart: Int) throws(PatternError) -> Unicode.Scalar {
        guard let scalar = peek() else { throw refused("a ']' is missing", at: classStart) }
        if scalar == "\\" { return try escapedScalar(from: position) }
        position += 1
        return scalar
    }
}
