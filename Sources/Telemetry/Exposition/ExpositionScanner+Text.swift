/// Prometheus text format 0.0.4.
extension ExpositionScanner {
    mutating func nextOfText(_ body: Span<UInt8>) throws(ExpositionError) -> Entry {
        while true {
            skipBlanks(body)
            let start = byte(position, body)
            switch start {
            case Byte.newline where position < body.count: position += 1
            // The server takes a zero byte between lines for the end of the scrape body.
            case Byte.newline, 0: return .end
            case Byte.hash: if try comment(body) { return .type }
            default:
                try textSample(body)
                return .sample
            }
        }
    }

    /// A line that starts with `#`. True for a `# TYPE` line; help is checked, anything else is skipped.
    private mutating func comment(_ body: Span<UInt8>) throws(ExpositionError) -> Bool {
        let start = position
        position += 1
        skipBlanks(body)
        let isMeta = position > start + 1
        guard isMeta, let word = keyword(body) else {
            skipLine(body)
            return false
        }
        position += 4
        skipBlanks(body)
        guard let name = try metricName(body) else { throw expected("a metric's name after \(word)", body) }
        let text = restOfLine(body)
        if word == "TYPE" {
            familyName = name
            familyType = try type(body, text)
            return true
        }
        guard UTF8Check.isValid(body, text) else { throw error(body, at: start, "the help text is not valid UTF-8") }
        return false
    }

    /// `HELP` or `TYPE` with a blank behind it.
    private func keyword(_ body: Span<UInt8>) -> String? {
        guard byte(position + 4, body) == Byte.space || byte(position + 4, body) == Byte.tab else { return nil }
        if matches("HELP", body) { return "HELP" }
        return matches("TYPE", body) ? "TYPE" : nil
    }

    func matches(_ word: StaticString, _ body: Span<UInt8>) -> Bool {
        guard position + word.utf8CodeUnitCount <= body.count else { return false }
        for offset in 0..<word.utf8CodeUnitCount where body[position + offset] != word.utf8Start[offset] {
            return false
        }
        return true
    }

    private func type(_ body: Span<UInt8>, _ text: Range<Int>) throws(ExpositionError) -> MetricType {
        let word = body.extracting(text).withUnsafeBufferPointer { String(decoding: $0.prefix(64), as: UTF8.self) }
        guard let type = MetricType(word, in: .prometheusText) else {
            let known = "counter, gauge, histogram, summary or untyped"
            throw error(
                body, at: text.lowerBound, "unknown metric type '\(ExpositionText.shown(word))'; it is \(known)")
        }
        return type
    }

    /// What follows the byte after the name; the place moves to the line's end.
    private mutating func restOfLine(_ body: Span<UInt8>) -> Range<Int> {
        let start = position
        skipLine(body)
        return min(start + 1, position)..<position
    }

    private mutating func skipLine(_ body: Span<UInt8>) {
        while position < body.count, body[position] != Byte.newline { position += 1 }
    }

    private mutating func textSample(_ body: Span<UInt8>) throws(ExpositionError) {
        sample.begin(at: position)
        if byte(position, body) != Byte.open {
            guard Byte.startsMetric(byte(position, body)), let name = try metricName(body) else {
                throw expected("a metric's name", body)
            }
            sample.name = name
            sample.hasName = true
            sample.series.end = position
            skipBlanks(body)
        }
        if byte(position, body) == Byte.open {
            position += 1
            try labels(body)
            sample.series.end = position
        }
        guard sample.hasName else { throw error(body, at: sample.series.start, "the metric has no name") }
        try textValue(body)
    }

    private mutating func textValue(_ body: Span<UInt8>) throws(ExpositionError) {
        skipBlanks(body)
        let end = ExpositionScanner.endOfToken(body, from: position, isText: true)
        guard end > position else { throw expected("a value after the metric's name", body) }
        sample.value = try number(body, position..<end, what: "the value")
        sample.number = SampleSpot.Piece(start: position, end: end)
        position = end
        skipBlanks(body)
        if Byte.isDigit(byte(position, body)) {
            sample.timestampMs = try milliseconds(body)
            skipBlanks(body)
        }
        guard byte(position, body) == Byte.newline else {
            throw expected("a timestamp in milliseconds or the end of the line", body)
        }
    }

    private mutating func milliseconds(_ body: Span<UInt8>) throws(ExpositionError) -> Int64 {
        let start = position
        var value: Int64 = 0
        while Byte.isDigit(byte(position, body)) {
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooLargeNow) = tens.addingReportingOverflow(Int64(body[position] &- 0x30))
            guard !isTooLarge, !isTooLargeNow else { throw error(body, at: start, "the timestamp is out of range") }
            value = sum
            position += 1
        }
        return value
    }
}
