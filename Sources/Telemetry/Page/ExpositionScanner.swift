/// Reads a page entry by entry, over its bytes and without copies. Accepts and rejects what the Prometheus 3 server does
/// (prometheus/prometheus, model/textparse: promlex.l, openmetricslex.l and the parsers above them).
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

    /// Larger pages are refused: places are kept in 32 bits.
    static let pageLimitBytes = Int(Int32.max) - 1

    mutating func next(in page: Span<UInt8>) throws(ExpositionError) -> Entry {
        guard page.count <= ExpositionScanner.pageLimitBytes else {
            throw ExpositionError(line: 0, reason: "it is larger than 2 GiB")
        }
        switch format {
        case .prometheusText: return try nextOfText(page)
        case .openMetrics: return try nextOfOpenMetrics(page)
        }
    }

    // MARK: what both formats share

    /// The byte at a place. The text format ends in a line break even where the page does not, so one stands behind the
    /// last byte; further on there is nothing but zeros.
    @inline(__always)
    func byte(_ index: Int, _ page: Span<UInt8>) -> UInt8 {
        if index >= 0, index < page.count { return page[unchecked: index] }
        return index == page.count && format == .prometheusText ? Byte.newline : 0
    }

    /// Text format: blanks and tabs between tokens mean nothing. OpenMetrics: there are none.
    @inline(__always)
    mutating func skipBlanks(_ page: Span<UInt8>) {
        guard format == .prometheusText else { return }
        var index = position
        while index < page.count, page[unchecked: index] == Byte.space || page[unchecked: index] == Byte.tab {
            index += 1
        }
        position = index
    }

    /// A name at the present place: `[a-zA-Z_:][a-zA-Z0-9_:]*`, or a quoted one; nil when there is none.
    mutating func metricName(_ page: Span<UInt8>) throws(ExpositionError) -> SampleSpot.Piece? {
        if byte(position, page) == Byte.quote { return try quoted(page, what: "a name", breaksAllowed: true) }
        guard Byte.startsMetric(byte(position, page)) else { return nil }
        let start = position
        position = ExpositionScanner.endOfName(page, from: start + 1, allowsColon: true)
        return SampleSpot.Piece(start: start, end: position)
    }

    /// Behind the last byte of a name that begins before `start`.
    @inline(__always)
    static func endOfName(_ page: Span<UInt8>, from start: Int, allowsColon: Bool) -> Int {
        var index = start
        // The bound is checked right here, so the access need not check it again.
        while index < page.count, Byte.continuesName(page[unchecked: index], allowsColon: allowsColon) { index += 1 }
        return index
    }

    /// From the opening to behind the closing quote.
    mutating func quoted(
        _ page: Span<UInt8>, what: String, breaksAllowed: Bool
    ) throws(ExpositionError) -> SampleSpot.Piece {
        let opening = position
        var index = position + 1
        var isEscaped = false
        var isASCII = true
        while index < page.count {
            let byte = page[unchecked: index]
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
                if index < page.count, page[index] == Byte.newline { break }
                index += 1
            }
        }
        guard index < page.count, page[index] == Byte.quote else {
            throw error(page, at: opening, "\(what) has no closing quote")
        }
        position = index + 1
        let piece = SampleSpot.Piece(start: opening + 1, end: index, isEscaped: isEscaped)
        if !isASCII, !UTF8Check.isValid(page, piece.range) {
            throw error(page, at: opening, "\(what) is not valid UTF-8")
        }
        return piece
    }

    /// The number in `range`, as the page's format wants it.
    func number(_ page: Span<UInt8>, _ range: Range<Int>, what: String) throws(ExpositionError) -> Double {
        guard let value = FloatText.parse(page, range) else {
            throw error(page, at: range.lowerBound, "\(what) '\(shown(page, range))' is not a number")
        }
        return value
    }

    /// Up to the next of the bytes that end a value.
    @inline(__always)
    static func endOfToken(_ page: Span<UInt8>, from start: Int, isText: Bool) -> Int {
        var index = start
        while index < page.count {
            let byte = page[unchecked: index]
            if byte == Byte.newline || byte == Byte.space { break }
            if isText, byte == Byte.tab || byte == Byte.open { break }
            index += 1
        }
        return index
    }

    // MARK: errors

    func error(_ page: Span<UInt8>, at index: Int, _ reason: String) -> ExpositionError {
        var line = 1
        for place in 0..<min(index, page.count) where page[place] == Byte.newline { line += 1 }
        return ExpositionError(line: line, reason: reason)
    }

    /// `expected …, got …` at the present place.
    func expected(_ what: String, _ page: Span<UInt8>) -> ExpositionError {
        error(page, at: position, "expected \(what), got \(found(page))")
    }

    private func found(_ page: Span<UInt8>) -> String {
        guard position < page.count else { return "the end of the page" }
        if page[position] == Byte.newline { return "the end of the line" }
        var end = position
        while end < page.count, end - position < 40, page[end] != Byte.newline { end += 1 }
        return "'\(shown(page, position..<end))'"
    }

    private func shown(_ page: Span<UInt8>, _ range: Range<Int>) -> String {
        let range = range.lowerBound..<min(range.upperBound, range.lowerBound + 200)
        return PageText.shown(page.extracting(range).withUnsafeBufferPointer { Array($0) })
    }
}

/// UTF-8 as Go's `utf8.Valid` has it.
enum UTF8Check {
    static func isValid(_ page: Span<UInt8>, _ range: Range<Int>) -> Bool {
        page.extracting(range).withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) != nil }
    }
}
