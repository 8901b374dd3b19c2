import Declarations
import Model

/// Reads a condition by recursive descent and checks types and units on the way.
///
///     condition  = conjunction { "or" conjunction }
///     conjunction = negation { "and" negation }
///     negation   = "not" negation | comparison
///     comparison = sum [ ( ">" | ">=" | "<" | "<=" | "==" | "!=" ) sum ]
///     sum        = product { ( "+" | "-" ) product }
///     product    = factor { ( "*" | "/" ) factor }
///     factor     = "-" factor | number | "canary" | "baseline" | "(" condition ")"
struct ConditionParser {
    /// Of the tree, so that whoever walks it (the kernel, a JSON decoder) needs little stack.
    static let depthLimit = 64

    private let indicator: Indicator?
    private let tokens: [ConditionToken]
    private var position = 0
    private var level = 0
    private var mentionsPool = false

    /// - Parameter indicator: Nil when it is not known; then units are checked against each other alone.
    static func condition(_ text: String, of indicator: Indicator?) throws(ConditionError) -> Condition {
        var scanner = ConditionScanner(text)
        var parser = ConditionParser(tokens: try scanner.tokens(), indicator: indicator)
        return try parser.whole()
    }

    private init(tokens: [ConditionToken], indicator: Indicator?) {
        self.tokens = tokens
        self.indicator = indicator
    }

    private mutating func whole() throws(ConditionError) -> Condition {
        guard next.kind != .end else { throw ConditionError(offset: 0, text: "the condition is empty") }
        let part = try disjunction()
        guard next.kind == .end else { throw unexpected("'and', 'or' or the end of the condition") }
        guard case .condition(let condition) = part.kind else {
            throw ConditionError(
                offset: part.range.lowerBound,
                text: "the condition is a number; compare it with something, as in canary > 1%")
        }
        guard mentionsPool else {
            throw ConditionError(
                offset: part.range.lowerBound,
                text: "the condition names neither canary nor baseline, so that it always says the same")
        }
        return condition
    }

    // MARK: From loose to tight

    private mutating func disjunction() throws(ConditionError) -> ConditionPart {
        var left = try conjunction()
        while take("or") {
            let right = try conjunction()
            left = try join(left, right, by: "or", Condition.or)
        }
        return left
    }

    private mutating func conjunction() throws(ConditionError) -> ConditionPart {
        var left = try negation()
        while take("and") {
            let right = try negation()
            left = try join(left, right, by: "and", Condition.and)
        }
        return left
    }

    private mutating func negation() throws(ConditionError) -> ConditionPart {
        let start = next.range.lowerBound
        guard take("not") else { return try comparison() }
        let inner = try nested { (parser) throws(ConditionError) in try parser.negation() }
        let condition = try inner.condition(for: "not")
        return try part(.condition(.not(condition)), start..<inner.range.upperBound, over: inner)
    }

    private mutating func comparison() throws(ConditionError) -> ConditionPart {
        let left = try sum()
        guard let comparison = takeComparison() else { return left }
        let right = try sum()
        let (first, firstDimension) = try left.term(for: comparison.rawValue)
        let (second, secondDimension) = try right.term(for: comparison.rawValue)
        guard firstDimension.fits(secondDimension) else { throw mismatch(left, right, "compared with") }
        if case .symbol(let sign) = next.kind, Condition.Comparison(rawValue: sign) != nil {
            throw ConditionError(
                offset: next.range.lowerBound, text: "comparisons cannot be chained; join two of them with and")
        }
        return try part(
            .condition(.compare(first, comparison, second)), left.range.lowerBound..<right.range.upperBound,
            over: left, right)
    }

    private mutating func sum() throws(ConditionError) -> ConditionPart {
        var left = try product()
        while let operation = takeOperation([.add, .subtract]) {
            let right = try product()
            let (first, firstDimension) = try left.term(for: operation.rawValue)
            let (second, secondDimension) = try right.term(for: operation.rawValue)
            guard firstDimension.fits(secondDimension) else { throw mismatch(left, right, "added to or taken from") }
            left = try part(
                .term(.combine(first, operation, second), firstDimension.joined(secondDimension)),
                left.range.lowerBound..<right.range.upperBound, over: left, right)
        }
        return left
    }

    private mutating func product() throws(ConditionError) -> ConditionPart {
        var left = try factor()
        while let operation = takeOperation([.multiply, .divide]) {
            let right = try factor()
            let (first, firstDimension) = try left.term(for: operation.rawValue)
            let (second, secondDimension) = try right.term(for: operation.rawValue)
            guard let dimension = firstDimension.combined(operation, secondDimension) else {
                let verb = operation == .multiply ? "multiplied" : "divided"
                throw ConditionError(
                    offset: right.range.lowerBound,
                    text: "\(firstDimension.name) cannot be \(verb) by \(secondDimension.name)")
            }
            left = try part(
                .term(.combine(first, operation, second), dimension), left.range.lowerBound..<right.range.upperBound,
                over: left, right)
        }
        return left
    }

    private mutating func factor() throws(ConditionError) -> ConditionPart {
        let token = next
        if take("-") {
            let inner = try nested { (parser) throws(ConditionError) in try parser.factor() }
            let (term, dimension) = try inner.term(for: "-")
            return try part(
                .term(.negate(term), dimension), token.range.lowerBound..<inner.range.upperBound, over: inner)
        }
        if take("(") {
            var inner = try nested { (parser) throws(ConditionError) in try parser.disjunction() }
            let end = next.range.upperBound
            guard take(")") else { throw unexpected("')'") }
            inner.range = token.range.lowerBound..<end
            return inner
        }
        switch token.kind {
        case .number(let number, let dimension):
            position += 1
            return ConditionPart(kind: .term(.number(number), dimension), range: token.range)
        case .symbol(let name) where Pool(rawValue: name) != nil: return pool(name, token.range)
        case .symbol, .end: throw unexpected("a number, canary, baseline or '('")
        }
    }

    private mutating func pool(_ name: String, _ range: Range<Int>) -> ConditionPart {
        position += 1
        mentionsPool = true
        let dimension = indicator.map(Dimension.init) ?? .any
        return ConditionPart(kind: .term(.value(name == "canary" ? .canary : .baseline), dimension), range: range)
    }

    // MARK: Parts

    private func join(
        _ left: ConditionPart, _ right: ConditionPart, by conjunction: String,
        _ make: (Condition, Condition) -> Condition
    ) throws(ConditionError) -> ConditionPart {
        let condition = make(try left.condition(for: conjunction), try right.condition(for: conjunction))
        return try part(.condition(condition), left.range.lowerBound..<right.range.upperBound, over: left, right)
    }

    private func part(
        _ kind: ConditionPart.Kind, _ range: Range<Int>, over parts: ConditionPart...
    ) throws(ConditionError) -> ConditionPart {
        let depth = parts.reduce(0) { max($0, $1.depth) } + 1
        guard depth <= Self.depthLimit else { throw tooDeep(range.lowerBound) }
        return ConditionPart(kind: kind, range: range, depth: depth)
    }

    private mutating func nested(
        _ read: (inout ConditionParser) throws(ConditionError) -> ConditionPart
    ) throws(ConditionError) -> ConditionPart {
        level += 1
        defer { level -= 1 }
        guard level <= Self.depthLimit else { throw tooDeep(next.range.lowerBound) }
        return try read(&self)
    }

    // MARK: Tokens

    private var next: ConditionToken { tokens[min(position, tokens.count - 1)] }

    private mutating func take(_ symbol: String) -> Bool {
        guard next.kind == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func takeComparison() -> Condition.Comparison? {
        guard case .symbol(let sign) = next.kind, let found = Condition.Comparison(rawValue: sign) else { return nil }
        position += 1
        return found
    }

    private mutating func takeOperation(_ operations: [Term.Operation]) -> Term.Operation? {
        guard case .symbol(let sign) = next.kind, let found = Term.Operation(rawValue: sign) else { return nil }
        guard operations.contains(found) else { return nil }
        position += 1
        return found
    }

    // MARK: Errors

    private func tooDeep(_ offset: Int) -> ConditionError {
        ConditionError(
            offset: offset, text: "the condition is nested deeper, or chained longer, than \(Self.depthLimit) levels")
    }

    private func unexpected(_ wanted: String) -> ConditionError {
        let offset = next.range.lowerBound
        switch next.kind {
        case .end: return ConditionError(offset: offset, text: "the condition ends where \(wanted) is expected")
        case .number: return ConditionError(offset: offset, text: "unexpected number; expected \(wanted)")
        case .symbol(let symbol): return ConditionError(offset: offset, text: unknown(symbol, wanted: wanted))
        }
    }

    private func unknown(_ symbol: String, wanted: String) -> String {
        let names = ["canary", "baseline", "and", "or", "not"]
        let isName = symbol.unicodeScalars.first.map { $0.properties.isAlphabetic || $0 == "_" } ?? false
        guard isName, !names.contains(symbol) else { return "unexpected \(Quote.value(symbol)); expected \(wanted)" }
        if names.contains(symbol.lowercased()) {
            return "unknown name \(Quote.value(symbol)); write it in lower case: '\(symbol.lowercased())'"
        }
        if Indicator(name: symbol) != nil {
            return
                "unknown name \(Quote.value(symbol)); canary and baseline are the rule's indicator in each pool"
        }
        let hint = Quote.suggestion(for: symbol, among: names)
        return "unknown name \(Quote.value(symbol))" + (hint.isEmpty ? "; values are canary and baseline" : hint)
    }

    /// Points at the side that does not measure what the indicator measures.
    private func mismatch(_ left: ConditionPart, _ right: ConditionPart, _ verb: String) -> ConditionError {
        guard case .term(_, let first) = left.kind, case .term(_, let second) = right.kind else {
            return ConditionError(offset: right.range.lowerBound, text: "these two do not fit together")
        }
        let wanted = indicator.map(Dimension.init)
        let (wrong, found, other) = second == wanted ? (left, first, second) : (right, second, first)
        let against = other == wanted ? indicator.map { "\($0.name) is \(other.name)" } : nil
        let rest = against ?? "the other side is \(other.name)"
        return ConditionError(
            offset: wrong.range.lowerBound,
            text: "\(found.name) cannot be \(verb) \(other.name) (\(rest)); \(other.advice), or a plain number")
    }
}

/// A part of a condition that has been read: a statement or a number.
struct ConditionPart {
    enum Kind {
        case condition(Condition)
        case term(Term, Dimension)
    }

    var kind: Kind
    var range: Range<Int>
    var depth = 1

    func condition(for conjunction: String) throws(ConditionError) -> Condition {
        if case .condition(let condition) = kind { return condition }
        throw ConditionError(
            offset: range.lowerBound,
            text: "'\(conjunction)' needs a comparison here, but this is a number; write for example canary > 1%")
    }

    func term(for sign: String) throws(ConditionError) -> (Term, Dimension) {
        if case .term(let term, let dimension) = kind { return (term, dimension) }
        throw ConditionError(offset: range.lowerBound, text: "'\(sign)' needs a number here, but this is a comparison")
    }
}
