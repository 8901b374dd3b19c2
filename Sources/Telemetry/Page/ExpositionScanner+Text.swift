/// Prometheus text format 0.0.4.
extension ExpositionScanner {
    mutating func nextOfText(_ page: Span<UInt8>) throws(ExpositionError) -> Entry {
        while true {
            skipBlanks(page)
            let start = byte(position, page)
            switch start {
            case Byte.newline where position < page.count: position += 1
            // The server takes a zero byte between lines for the end of the page.
            case Byte.newline, 0: return .end
            case Byte.hash: if try comment(page) { return .type }
            default:
                try textSample(page)
                return .sample
            }
        }
    }

    /// A line that starts with `#`. True for a `# TYPE` line; help is checked, anything else is skipped.
    private mutating func comment(_ page: Span<UInt8>) throws(ExpositionError) -> Bool {
        let start = position
        position += 1
        skipBlanks(page)
        let isMeta = position > start + 1
        guard isMeta, let word = metaWord(page) else {
            skipLine(page)
            return false
        }
        position += 4
        skipBlanks(page)
        guard let name = try metricName(page) else { throw expected("a metric's name after \(word)", page) }
        let text = restOfLine(page)
        if word == "TYPE" {
            familyName = name
            familyType = try type(page, text)
            return true
        }
        guard UTF8Check.isValid(page, text) else { throw error(page, at: start, "the help text is not valid UTF-8") }
        return false
    }

    /// `HELP` or `TYPE` with a blank behind it.
    private func metaWord(_ page: Span<UInt8>) -> String? {
        guard byte(position + 4, page) == Byte.space || byte(position + 4, page) == Byte.tab else { return nil }
        if matches("HELP", page) { return "HELP" }
        return matches("TYPE", page) ? "TYPE" : nil
    }

    func matches(_ word: StaticString, _ page: Span<UInt8>) -> Bool {
        guard position + word.utf8CodeUnitCount <= page.count else { return false }
        for offset in 0..<word.utf8CodeUnitCount where page[position + offset] != word.utf8Start[offset] {
            return false
        }
        return true
    }

    private func type(_ page: Span<UInt8>, _ text: Range<Int>) throws(ExpositionError) -> MetricType {
        let word = page.extracting(text).withUnsafeBufferPointer { String(decoding: $0.prefix(64), as: UTF8.self) }
        guard let type = MetricType(word, in: .prometheusText) else {
            let known = "counter, gauge, histogram, summary or untyped"
            throw error(page, at: text.lowerBound, "unknown metric type '\(PageText.shown(word))'; it is \(known)")
        }
        return type
    }

    /// What stands behind the byte after the name; the place moves to the line's end.
    private mutating func restOfLine(_ page: Span<UInt8>) -> Range<Int> {
        let start = position
        skipLine(page)
        return min(start + 1, position)..<position
    }

    private mutating func skipLine(_ page: Span<UInt8>) {
        while position < page.count, page[position] != Byte.newline { position += 1 }
    }

    private mutating func textSample(_ page: Span<UInt8>) throws(ExpositionError) {
        sample.begin(at: position)
        if byte(position, page) != Byte.open {
            guard Byte.startsMetric(byte(position, page)), let name = try metricName(page) else {
                throw expected("a metric's name", page)
            }
            sample.name = name
            sample.hasName = true
            sample.series.end = position
            skipBlanks(page)
        }
        if byte(position, page) == Byte.open {
            position += 1
            try labels(page)
            sample.series.end = position
        }
        guard sample.hasName else { throw error(page, at: sample.series.start, "the metric has no name") }
        try textValue(page)
    }

    private mutating func textValue(_ page: Span<UInt8>) throws(ExpositionError) {
        skipBlanks(page)
        let end = ExpositionScanner.endOfToken(page, from: position, isText: true)
        guard end > position else { throw expected("a value after the metric's name", page) }
        sample.value = try number(page, position..<end, what: "the value")
        sample.number = SampleSpot.Piece(start: position, end: end)
        position = end
        skipBlanks(page)
        if Byte.isDigit(byte(position, page)) {
            sample.timestampMs = try milliseconds(page)
            skipBlanks(page)
        }
        guard byte(position, page) == Byte.newline else {
            throw expected("a timestamp in milliseconds or the end of the line", page)
        }
    }

    private mutating func milliseconds(_ page: Span<UInt8>) throws(ExpositionError) -> Int64 {
        let start = position
        var value: Int64 = 0
        while Byte.isDigit(byte(position, page)) {
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooLargeNow) = tens.addingReportingOverflow(Int64(page[position] &- 0x30))
            guard !isTooLarge, !isTooLargeNow else { throw error(page, at: start, "the timestamp is out of range") }
            value = sum
            position += 1
        }
        return value
    }
}
