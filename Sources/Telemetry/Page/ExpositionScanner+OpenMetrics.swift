/// OpenMetrics 1.0: single blanks, no free comments, and an end mark without which the page is cut off.
extension ExpositionScanner {
    mutating func nextOfOpenMetrics(_ page: Span<UInt8>) throws(ExpositionError) -> Entry {
        while true {
            guard position < page.count else {
                throw error(page, at: page.count, "the page does not end with '# EOF': it may be cut off")
            }
            guard page[position] == Byte.hash else {
                try openMetricsSample(page)
                return .sample
            }
            if matches("# EOF", page) {
                try endOfPage(page)
                return .end
            }
            if try metadata(page) { return .type }
        }
    }

    private mutating func endOfPage(_ page: Span<UInt8>) throws(ExpositionError) {
        position += 5
        if position < page.count, page[position] == Byte.newline { position += 1 }
        guard position == page.count else { throw error(page, at: position, "there is data behind '# EOF'") }
    }

    /// A HELP, TYPE or UNIT line; true for TYPE.
    private mutating func metadata(_ page: Span<UInt8>) throws(ExpositionError) -> Bool {
        let start = position
        guard matches("# HELP ", page) || matches("# TYPE ", page) || matches("# UNIT ", page) else {
            throw expected("a metric, '# HELP ', '# TYPE ', '# UNIT ' or '# EOF'", page)
        }
        let kind = page[position + 2]
        position += 7
        guard let name = try metricName(page) else { throw expected("a metric's name", page) }
        let text = try metadataText(page)
        switch kind {
        case UInt8(ascii: "T"):
            familyName = name
            familyType = try openMetricsType(page, text)
            return true
        case UInt8(ascii: "U"): try checkUnit(page, name: name, unit: text)
        default:
            guard UTF8Check.isValid(page, text) else {
                throw error(page, at: start, "the help text is not valid UTF-8")
            }
        }
        return false
    }

    /// A blank, then anything up to the line's end.
    private mutating func metadataText(_ page: Span<UInt8>) throws(ExpositionError) -> Range<Int> {
        guard byte(position, page) == Byte.space else { throw expected("a blank and a text", page) }
        let start = position + 1
        var end = start
        while end < page.count, page[end] != Byte.newline { end += 1 }
        guard end < page.count else { throw error(page, at: start, "the line has no end: the page may be cut off") }
        position = end + 1
        return start..<end
    }

    private func openMetricsType(_ page: Span<UInt8>, _ text: Range<Int>) throws(ExpositionError) -> MetricType {
        let word = page.extracting(text).withUnsafeBufferPointer { String(decoding: $0.prefix(64), as: UTF8.self) }
        guard let type = MetricType(word, in: .openMetrics) else {
            let known = "counter, gauge, histogram, gaugehistogram, stateset, info, summary or unknown"
            throw error(page, at: text.lowerBound, "unknown metric type '\(PageText.shown(word))'; it is \(known)")
        }
        return type
    }

    /// A unit is the last part of its family's name: `seconds` in `latency_seconds`.
    private func checkUnit(
        _ page: Span<UInt8>, name: SampleSpot.Piece, unit: Range<Int>
    ) throws(ExpositionError) {
        if unit.isEmpty { return }
        let start = name.end - unit.count
        var isSuffix = start > name.start && page[start - 1] == UInt8(ascii: "_")
        for offset in 0..<unit.count where isSuffix {
            isSuffix = page[start + offset] == page[unit.lowerBound + offset]
        }
        guard isSuffix else { throw error(page, at: unit.lowerBound, "the unit is not the end of the metric's name") }
    }

    private mutating func openMetricsSample(_ page: Span<UInt8>) throws(ExpositionError) {
        sample.begin(at: position)
        if page[position] != Byte.open {
            guard Byte.startsMetric(page[position]), let name = try metricName(page) else {
                throw expected("a metric's name", page)
            }
            sample.name = name
            sample.hasName = true
        }
        if byte(position, page) == Byte.open {
            position += 1
            try labels(page)
        }
        sample.series.end = position
        guard sample.hasName else { throw error(page, at: sample.series.start, "the metric has no name") }
        let blank = position
        sample.value = try openMetricsNumber(page, what: "the value")
        sample.number = SampleSpot.Piece(start: blank + 1, end: position)
        if byte(position, page) == Byte.space, !matches(" # {", page) {
            sample.timestampMs = try timestamp(page, what: "the timestamp")
        }
        if matches(" # {", page) { try exemplar(page) }
        guard byte(position, page) == Byte.newline else {
            if position >= page.count { throw expected("'# EOF'", page) }
            throw expected("a timestamp in seconds, an exemplar or the end of the line", page)
        }
        position += 1
    }

    /// A blank and a number.
    private mutating func openMetricsNumber(_ page: Span<UInt8>, what: String) throws(ExpositionError) -> Double {
        guard byte(position, page) == Byte.space else { throw expected("a blank and \(what)", page) }
        let start = position + 1
        position = ExpositionScanner.endOfToken(page, from: start, isText: false)
        guard position > start else { throw expected(what, page) }
        return try number(page, start..<position, what: what)
    }

    /// Seconds on the page, milliseconds for us, cut off as the server does.
    private mutating func timestamp(_ page: Span<UInt8>, what: String) throws(ExpositionError) -> Int64 {
        let start = position
        let seconds = try openMetricsNumber(page, what: what)
        guard seconds.isFinite, abs(seconds) < 9e15 else { throw error(page, at: start, "\(what) is out of range") }
        return Int64(seconds * 1_000)
    }

    /// `# {trace_id="x"} 0.5 1520430000.123`: checked and left out.
    private mutating func exemplar(_ page: Span<UInt8>) throws(ExpositionError) {
        sample.hasExemplar = true
        position += 4
        try labels(page, isExemplar: true)
        _ = try openMetricsNumber(page, what: "the exemplar's value")
        if byte(position, page) == Byte.space { _ = try timestamp(page, what: "the exemplar's timestamp") }
    }
}
