/// Reads a scrape body entry by entry, over its bytes and without copies. Accepts and rejects what the Prometheus 3
/// server does (prometheus/prometheus, model/textparse: promlex.l, openmetricslex.l and the parsers above them).
///
/// The rules of one format each are in its extensions; what both share is here.
struct ExpositionScanner {
    enum Entry {
        /// ``ExpositionScanner/sample`` holds it.
        case sample
        /// A `# TYPE` line; ``ExpositionScanner/familyType`` has changed.
        case type
        case end
    }

    let format: ExpositionFormat
    var sample = SampleSpot()
    /// The last `# TYPE` line's; the server applies it to what follows, whatever its name.
    var familyType: MetricType?
    var familyName = SampleSpot.Piece()
    var position = 0

    init(format: ExpositionFormat) { self.format = format }

    /// Larger scrape bodies are refused: places are kept in 32 bits.
    static let bodyLimitBytes = Int(Int32.max) - 1

    mutating func next(in body: Span<UInt8>) throws(ExpositionError) -> Entry {
        guard body.count <= ExpositionScanner.bodyLimitBytes else {
            throw ExpositionError(line: 0, reason: "it is larger than 2 GiB")
        }
        switch format {
        case .prometheusText: return try nextOfText(body)
        case .openMetrics: return try nextOfOpenMetrics(body)
        }
    }

    // MARK: what both formats share

    /// The byte at a place. The text format ends in a line break even where the scrape body does not, so one follows
    /// the last byte; further on there is nothing but zeros.
    @inline(__always)
    func byte(_ index: Int, _ body: Span<UInt8>) -> UInt8 {
        if index >= 0, index < body.count { return body[unchecked: index] }
        return index == body.count && format == .prometheusText ? Byte.newline : 0
    }

    /// Text format: blanks and tabs between tokens mean nothing. OpenMetrics: there are none.
    @inline(__always)
    mutating func skipBlanks(_ body: Span<UInt8>) {
        guard format == .prometheusText else { return }
        var index = position
        while index < body.count, body[unchecked: index] == Byte.space || body[unchecked: index] == Byte.tab {
            index += 1
        }
        position = index
    }

    /// A name at the present place: `[a-zA-Z_:][a-zA-Z0-9_:]*`, or a quoted one; nil when there is none.
    mutating func metricName(_ body: Span<UInt8>) throws(ExpositionError) -> SampleSpot.Piece? {
        if byte(position, body) == Byte.quote { return try quoted(body, what: "a name", breaksAllowed: true) }
        guard Byte.startsMetric(byte(position, body)) else { return nil }
        let start = position
        position = ExpositionScanner.endOfName(body, from: start + 1, allowsColon: true)
        return SampleSpot.Piece(start: start, end: position)
    }

    /// Behind the last byte of a name that begins before `start`.
    @inline(__always)
    static func endOfName(_ body: Span<UInt8>, from start: Int, allowsColon: Bool) -> Int {
        var index = start
        // The bound is checked right here, so the access need not check it again.
        while index < body.count, Byte.continuesName(body[unchecked: index], allowsColon: allowsColon) { index += 1 }
        return index
    }

    /// From the opening to behind the closing quote.
    mutating func quoted(
        _ body: Span<UInt8>, what: String, breaksAllowed: Bool
    ) throws(ExpositionError) -> SampleSpot.Piece {
        let opening = position
        var index = position + 1
        var isEscaped = false
        var isASCII = true
        while index < body.count {
            let byte = body[unchecked: index]
            index += 1
            // Nearly every byte is an ordinary one.
            if byte != Byte.quote, byte != Byte.backslash, byte < 0x80, byte != Byte.newline { continue }
            if byte == Byte.quote || (byte == Byte.newline && !breaksAllowed) {
                index -= 1
                break
            }
            if byte >= 0x80 { isASCII = false }
            if byte == Byte.backslash {
                isEscaped = true
                if index < body.count, body[index] == Byte.newline { break }
                index += 1
            }
        }
        guard index < body.count, body[index] == Byte.quote else {
            throw error(body, at: opening, "\(what) has no closing quote")
        }
        position = index + 1
        let piece = SampleSpot.Piece(start: opening + 1, end: index, isEscaped: isEscaped)
        if !isASCII, !UTF8Check.isValid(body, piece.range) {
            throw error(body, at: opening, "\(what) is not valid UTF-8")
        }
        return piece
    }

    /// The number in `range`, as the scrape body's format wants it.
    func number(_ body: Span<UInt8>, _ range: Range<Int>, what: String) throws(ExpositionError) -> Double {
        guard let value = FloatText.parse(body, range) else {
            throw error(body, at: range.lowerBound, "\(what) '\(shown(body, range))' is not a number")
        }
        return value
    }

    /// Up to the next of the bytes that end a value.
    @inline(__always)
    static func endOfToken(_ body: Span<UInt8>, from start: Int, isText: Bool) -> Int {
        var index = start
        while index < body.count {
            let byte = body[unchecked: index]
            if byte == Byte.newline || byte == Byte.space { break }
            if isText, byte == Byte.tab || byte == Byte.open { break }
            index += 1
        }
        return index
    }

    // MARK: errors

    func error(_ body: Span<UInt8>, at index: Int, _ reason: String) -> ExpositionError {
        var line = 1
        for place in 0..<min(index, body.count) where body[place] == Byte.newline { line += 1 }
        return ExpositionError(line: line, reason: reason)
    }

    /// `expected …, got …` at the present place.
    func expected(_ what: String, _ body: Span<UInt8>) -> ExpositionError {
        error(body, at: position, "expected \(what), got \(found(body))")
    }

    private func found(_ body: Span<UInt8>) -> String {
        guard position < body.count else { return "the end of the body" }
        if body[position] == Byte.newline { return "the end of the line" }
        var end = position
        while end < body.count, end - position < 40, body[end] != Byte.newline { end += 1 }
        return "'\(shown(body, position..<end))'"
    }

    private func shown(_ body: Span<UInt8>, _ range: Range<Int>) -> String {
        let range = range.lowerBound..<min(range.upperBound, range.lowerBound + 200)
        return ExpositionText.shown(body.extracting(range).withUnsafeBufferPointer { Array($0) })
    }
}

/// UTF-8 as Go's `utf8.Valid` has it.
enum UTF8Check {
    static func isValid(_ body: Span<UInt8>, _ range: Range<Int>) -> Bool {
        body.extracting(range).withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) != nil }
    }
}
