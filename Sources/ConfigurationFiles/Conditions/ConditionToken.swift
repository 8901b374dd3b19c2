import Declarations

/// What is wrong with a condition, and where: in Unicode scalars from its beginning.
struct ConditionError: Error, Equatable {
    let offset: Int
    let text: String
}

/// A name, number or sign of a condition.
struct ConditionToken: Equatable {
    enum Kind: Equatable {
        case number(Double, Dimension)
        /// `canary`, `and`, `(`, `>=`
        case symbol(String)
        case end
    }

    let kind: Kind
    /// In Unicode scalars.
    let range: Range<Int>
}

/// Cuts a condition into tokens.
struct ConditionScanner {
    static let tokenLimit = 1_000
    static let lengthLimit = 10_000
    static let units = ["%", "us", "ms", "s", "x", "/s"]

    private let scalars: [Unicode.Scalar]
    private var index = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func tokens() throws(ConditionError) -> [ConditionToken] {
        guard scalars.count <= Self.lengthLimit else {
            throw ConditionError(offset: 0, text: "the condition is longer than \(Self.lengthLimit) characters")
        }
        var tokens: [ConditionToken] = []
        while true {
            while index < scalars.count, scalars[index].properties.isWhitespace { index += 1 }
            guard index < scalars.count else { break }
            guard tokens.count < Self.tokenLimit else {
                throw ConditionError(
                    offset: index, text: "the condition has more than \(Self.tokenLimit) names, numbers and signs")
            }
            let start = index
            let kind = try token()
            tokens.append(ConditionToken(kind: kind, range: start..<index))
        }
        // The end is right after the last token, not after blanks that follow it.
        let end = tokens.last?.range.upperBound ?? 0
        return tokens + [ConditionToken(kind: .end, range: end..<end)]
    }

    private mutating func token() throws(ConditionError) -> ConditionToken.Kind {
        let scalar = scalars[index]
        if Self.isDigit(scalar) { return try number() }
        if Self.isLetter(scalar) { return .symbol(take { Self.isLetter($0) || Self.isDigit($0) }) }
        return .symbol(try sign())
    }

    private mutating func sign() throws(ConditionError) -> String {
        let start = index
        let first = scalars[index]
        let next = index + 1 < scalars.count ? scalars[index + 1] : " "
        switch (first, next) {
        case (">", "="), ("<", "="), ("=", "="), ("!", "="): index += 2
        case (">", _), ("<", _), ("+", _), ("-", _), ("*", _), ("/", _), ("(", _), (")", _): index += 1
        case ("=", _): throw unexpected("=", "; equality is written ==")
        case ("!", _): throw unexpected("!", "; write not")
        case ("&", _): throw unexpected("&", "; write and")
        case ("|", _): throw unexpected("|", "; write or")
        case (".", _): throw unexpected(".", "; a number begins with a digit, as in 0.5")
        case (",", _): throw unexpected(",", "; fractions are written with a point, as in 0.5")
        case ("%", _): throw unexpected("%", "; a unit follows its number without a blank")
        default: throw unexpected(String(first), "")
        }
        return Quote.string(Array(scalars[start..<index]))
    }

    private mutating func number() throws(ConditionError) -> ConditionToken.Kind {
        let start = index
        var digits = take(Self.isDigit)
        if index + 1 < scalars.count, scalars[index] == ".", Self.isDigit(scalars[index + 1]) {
            index += 1
            digits += "." + take(Self.isDigit)
        }
        guard let number = Double(digits), number <= 1e15 else {
            throw ConditionError(offset: start, text: "the number is larger than 1000000000000000")
        }
        return try withUnit(number)
    }

    /// The unit follows without a blank.
    private mutating func withUnit(_ number: Double) throws(ConditionError) -> ConditionToken.Kind {
        let start = index
        guard index < scalars.count else { return .number(number, .any) }
        if scalars[index] == "%" {
            index += 1
            return .number(number / 100, .share)
        }
        if isPerSecond {
            index += 2
            return .number(number, .rate)
        }
        let unit = take { Self.isLetter($0) || Self.isDigit($0) }
        switch unit {
        case "": return .number(number, .any)
        case "us": return .number(number / 1_000_000, .time)
        case "ms": return .number(number / 1_000, .time)
        case "s": return .number(number, .time)
        case "x": return .number(number, .share)
        default:
            let known = Self.units.joined(separator: ", ")
            throw ConditionError(offset: start, text: "unknown unit \(Quote.value(unit)); known are \(known)")
        }
    }

    private var isPerSecond: Bool {
        guard index + 1 < scalars.count, scalars[index] == "/", scalars[index + 1] == "s" else { return false }
        guard index + 2 < scalars.count else { return true }
        return !Self.isLetter(scalars[index + 2]) && !Self.isDigit(scalars[index + 2])
    }

    private mutating func take(_ belongs: (Unicode.Scalar) -> Bool) -> String {
        let start = index
        while index < scalars.count, belongs(scalars[index]) { index += 1 }
        return Quote.string(Array(scalars[start..<index]))
    }

    private func unexpected(_ sign: String, _ advice: String) -> ConditionError {
        ConditionError(offset: index, text: "unexpected \(Quote.value(sign)) in a condition\(advice)")
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }
}
