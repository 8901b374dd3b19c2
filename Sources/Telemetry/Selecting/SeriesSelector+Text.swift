extension SeriesSelector: CustomStringConvertible {
    /// `http_requests_total{code=~"5.."}`; a name that needs them is in quotes inside the braces. Reads back as the
    /// same selector.
    public var description: String {
        let isPlain = SelectorParser.isPlainMetric(metric)
        let pairs = matchers.map(\.description)
        let inside = (isPlain ? [] : [Self.quoted(metric)]) + pairs
        return (isPlain ? metric : "") + (inside.isEmpty ? "" : "{" + inside.joined(separator: ",") + "}")
    }

    fileprivate static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Reads a selector as PromQL writes it: `name`, `name{label="value",other=~"regex"}`, `{"quoted.name",…}`. Values
    /// are in double or single quotes or in backticks.
    ///
    /// - Throws: ``SelectorError`` with the place; also for a regular expression that cannot be used.
    public init(parsing text: String) throws(SelectorError) {
        var parser = SelectorParser(text)
        self = try parser.selector()
    }
}

extension SeriesSelector.Matcher: CustomStringConvertible {
    /// `code=~"5.."`
    public var description: String {
        let name = SelectorParser.isPlainLabel(label) ? label : SeriesSelector.quoted(label)
        return name + comparison.rawValue + SeriesSelector.quoted(value)
    }
}

/// Reads a selector's text from left to right.
struct SelectorParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    static func isPlainMetric(_ name: String) -> Bool {
        guard let first = name.utf8.first, Byte.startsMetric(first) else { return false }
        return name.utf8.allSatisfy { Byte.startsMetric($0) || Byte.isDigit($0) }
    }

    static func isPlainLabel(_ name: String) -> Bool {
        guard let first = name.utf8.first, Byte.startsLabel(first) else { return false }
        return name.utf8.allSatisfy { Byte.startsLabel($0) || Byte.isDigit($0) }
    }

    mutating func selector() throws(SelectorError) -> SeriesSelector {
        skipBlanks()
        guard position < bytes.count else { throw SelectorError(offset: 0, reason: "the selector is empty") }
        var metric = name(Byte.startsMetric)
        var matchers: [SeriesSelector.Matcher] = []
        skipBlanks()
        if peek == Byte.open {
            let opening = position
            position += 1
            try matchersInBraces(&metric, &matchers)
            if metric == nil { throw SelectorError(offset: opening, reason: "the selector names no metric") }
        }
        skipBlanks()
        guard position == bytes.count, let metric else { throw unexpected("a metric name, as in http_requests_total") }
        return SeriesSelector(metric: metric, matchers: matchers)
    }

    /// The whole text is a pair of braces with at least one matcher.
    mutating func matchersAlone() throws(SelectorError) -> [SeriesSelector.Matcher] {
        skipBlanks()
        guard peek == Byte.open else { throw unexpected("label matchers in braces, as in {server=\"new1\"}") }
        let opening = position
        position += 1
        var metric: String?
        var matchers: [SeriesSelector.Matcher] = []
        try matchersInBraces(&metric, &matchers)
        guard metric == nil else {
            throw SelectorError(offset: opening, reason: "a metric is named here; labels alone are wanted")
        }
        guard !matchers.isEmpty else { throw SelectorError(offset: opening, reason: "there is no label in the braces") }
        skipBlanks()
        guard position == bytes.count else { throw unexpected("nothing behind '}'") }
        return matchers
    }

    private mutating func matchersInBraces(
        _ metric: inout String?, _ matchers: inout [SeriesSelector.Matcher]
    ) throws(SelectorError) {
        skipBlanks()
        while peek != Byte.close {
            let start = position
            let isQuoted = peek == Byte.quote || peek == UInt8(ascii: "'") || peek == UInt8(ascii: "`")
            let label = isQuoted ? try quotedText() : name(Byte.startsLabel)
            guard let label else { throw unexpected("a label name or '}'") }
            skipBlanks()
            if isQuoted, peek == Byte.comma || peek == Byte.close {
                guard metric == nil else { throw SelectorError(offset: start, reason: "the metric has two names") }
                metric = label
            } else {
                let matcher = try matcher(label, at: start)
                if matcher.label == "__name__" {
                    guard metric == nil, matcher.comparison == .equal else {
                        throw SelectorError(offset: start, reason: "the metric's name must be given once and plainly")
                    }
                    metric = matcher.value
                } else {
                    matchers.append(matcher)
                }
            }
            skipBlanks()
            if peek == Byte.comma {
                position += 1
                skipBlanks()
            } else if peek != Byte.close {
                throw unexpected("',' or '}'")
            }
        }
        position += 1
    }

    private mutating func matcher(_ label: String, at start: Int) throws(SelectorError) -> SeriesSelector.Matcher {
        guard let comparison = comparison() else { throw unexpected("'=', '!=', '=~' or '!~'") }
        skipBlanks()
        let place = position
        guard let value = try quotedText() else { throw unexpected("a value in quotes") }
        if comparison == .matches || comparison == .doesNotMatch {
            do throws(PatternError) { _ = try LabelPattern(value) } catch {
                throw SelectorError(offset: place, reason: error.reason)
            }
        }
        return SeriesSelector.Matcher(label: label, comparison: comparison, value: value)
    }

    private mutating func comparison() -> SeriesSelector.Comparison? {
        let next = position + 1 < bytes.count ? bytes[position + 1] : 0
        let found: SeriesSelector.Comparison? =
            switch (peek, next) {
            case (Byte.equals, UInt8(ascii: "~")): .matches
            case (UInt8(ascii: "!"), UInt8(ascii: "~")): .doesNotMatch
            case (UInt8(ascii: "!"), Byte.equals): .notEqual
            case (Byte.equals, _): .equal
            default: nil
            }
        position += found == .equal ? 1 : found == nil ? 0 : 2
        return found
    }

    private var peek: UInt8 { position < bytes.count ? bytes[position] : 0 }

    private mutating func skipBlanks() {
        while [Byte.space, Byte.tab, Byte.newline].contains(peek) { position += 1 }
    }

    private mutating func name(_ starts: (UInt8) -> Bool) -> String? {
        guard starts(peek) else { return nil }
        let start = position
        while starts(peek) || Byte.isDigit(peek) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Nil when there is no quote here.
    private mutating func quotedText() throws(SelectorError) -> String? {
        let mark = peek
        guard mark == Byte.quote || mark == UInt8(ascii: "'") || mark == UInt8(ascii: "`") else { return nil }
        let start = position
        position += 1
        var text: [UInt8] = []
        while position < bytes.count, bytes[position] != mark {
            if bytes[position] == Byte.backslash, mark != UInt8(ascii: "`") {
                text.append(try escape())
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        guard position < bytes.count else { throw SelectorError(offset: start, reason: "the quote is not closed") }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func escape() throws(SelectorError) -> UInt8 {
        let place = position
        position += 1
        defer { position += 1 }
        switch peek {
        case Byte.n: return Byte.newline
        case UInt8(ascii: "t"): return Byte.tab
        case UInt8(ascii: "r"): return UInt8(ascii: "\r")
        case Byte.backslash, Byte.quote, UInt8(ascii: "'"): return peek
        default:
            let advice = "write '\\\\' for a backslash (in YAML, put the selector in single quotes)"
            throw SelectorError(offset: place, reason: "unknown escape; \(advice)")
        }
    }

    private func unexpected(_ wanted: String) -> SelectorError {
        guard position < bytes.count else {
            return SelectorError(offset: bytes.count, reason: "expected \(wanted), got the end of the selector")
        }
        let rest = ExpositionText.shown(bytes[position...].prefix(20))
        return SelectorError(offset: position, reason: "expected \(wanted), got '\(rest)'")
    }
}
