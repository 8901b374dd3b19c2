/// OpenMetrics 1.0: single blanks, no free comments, and an end mark without which the scrape body is cut off.
extension ExpositionScanner {
    mutating func nextOfOpenMetrics(_ body: Span<UInt8>) throws(ExpositionError) -> Entry {
        while true {
            guard position < body.count else {
                throw error(body, at: body.count, "the body does not end with '# EOF': it may be cut off")
            }
            guard body[position] == Byte.hash else {
                try openMetricsSample(body)
                return .sample
            }
            if matches("# EOF", body) {
                try endOfBody(body)
                return .end
            }
            if try metadata(body) { return .type }
        }
    }

    private mutating func endOfBody(_ body: Span<UInt8>) throws(ExpositionError) {
        position += 5
        if position < body.count, body[position] == Byte.newline { position += 1 }
        guard position == body.count else { throw error(body, at: position, "there is data behind '# EOF'") }
    }

    /// A HELP, TYPE or UNIT line; true for TYPE.
    private mutating func metadata(_ body: Span<UInt8>) throws(ExpositionError) -> Bool {
        let start = position
        guard matches("# HELP ", body) || matches("# TYPE ", body) || matches("# UNIT ", body) else {
            throw expected("a metric, '# HELP ', '# TYPE ', '# UNIT ' or '# EOF'", body)
        }
        let kind = body[position + 2]
        position += 7
        guard let name = try metricName(body) else { throw expected("a metric's name", body) }
        let text = try metadataText(body)
        switch kind {
        case UInt8(ascii: "T"):
            familyName = name
            familyType = try openMetricsType(body, text)
            return true
        case UInt8(ascii: "U"): try checkUnit(body, name: name, unit: text)
        default:
            guard UTF8Check.isValid(body, text) else {
                throw error(body, at: start, "the help text is not valid UTF-8")
            }
        }
        return false
    }

    /// A blank, then anything up to the line's end.
    private mutating func metadataText(_ body: Span<UInt8>) throws(ExpositionError) -> Range<Int> {
        guard byte(position, body) == Byte.space else { throw expected("a blank and a text", body) }
        let start = position + 1
        var end = start
        while end < body.count, body[end] != Byte.newline { end += 1 }
        guard end < body.count else { throw error(body, at: start, "the line has no end: the body may be cut off") }
        position = end + 1
        return start..<end
    }

    private func openMetricsType(_ body: Span<UInt8>, _ text: Range<Int>) throws(ExpositionError) -> MetricType {
        let word = body.extracting(text).withUnsafeBufferPointer { String(decoding: $0.prefix(64), as: UTF8.self) }
        guard let type = MetricType(word, in: .openMetrics) else {
            let known = "counter, gauge, histogram, gaugehistogram, stateset, info, summary or unknown"
            throw error(
                body, at: text.lowerBound, "unknown metric type '\(ExpositionText.shown(word))'; it is \(known)")
        }
        return type
    }

    /// A unit is the last part of its family's name: `seconds` in `latency_seconds`.
    private func checkUnit(
        _ body: Span<UInt8>, name: SampleSpot.Piece, unit: Range<Int>
    ) throws(ExpositionError) {
        if unit.isEmpty { return }
        let start = name.end - unit.count
        var isSuffix = start > name.start && body[start - 1] == UInt8(ascii: "_")
        for offset in 0..<unit.count where isSuffix {
            isSuffix = body[start + offset] == body[unit.lowerBound + offset]
        }
        guard isSuffix else { throw error(body, at: unit.lowerBound, "the unit is not the end of the metric's name") }
    }

    private mutating func openMetricsSample(_ body: Span<UInt8>) throws(ExpositionError) {
        sample.begin(at: position)
        if body[position] != Byte.open {
            guard Byte.startsMetric(body[position]), let name = try metricName(body) else {
                throw expected("a metric's name", body)
            }
            sample.name = name
            sample.hasName = true
        }
        if byte(position, body) == Byte.open {
            position += 1
            try labels(body)
        }
        sample.series.end = position
        guard sample.hasName else { throw error(body, at: sample.series.start, "the metric has no name") }
        let blank = position
        sample.value = try openMetricsNumber(body, what: "the value")
        sample.number = SampleSpot.Piece(start: blank + 1, end: position)
        if byte(position, body) == Byte.space, !matches(" # {", body) {
            sample.timestampMs = try timestamp(body, what: "the timestamp")
        }
        if matches(" # {", body) { try exemplar(body) }
        guard byte(position, body) == Byte.newline else {
            if position >= body.count { throw expected("'# EOF'", body) }
            throw expected("a timestamp in seconds, an exemplar or the end of the line", body)
        }
        position += 1
    }

    /// A blank and a number.
    private mutating func openMetricsNumber(_ body: Span<UInt8>, what: String) throws(ExpositionError) -> Double {
        guard byte(position, body) == Byte.space else { throw expected("a blank and \(what)", body) }
        let start = position + 1
        position = ExpositionScanner.endOfToken(body, from: start, isText: false)
        guard position > start else { throw expected(what, body) }
        return try number(body, start..<position, what: what)
    }

    /// Seconds in the scrape body, milliseconds for us, cut off as the server does.
    private mutating func timestamp(_ body: Span<UInt8>, what: String) throws(ExpositionError) -> Int64 {
        let start = position
        let seconds = try openMetricsNumber(body, what: what)
        guard seconds.isFinite, abs(seconds) < 9e15 else { throw error(body, at: start, "\(what) is out of range") }
        return Int64(seconds * 1_000)
    }

    /// `# {trace_id="x"} 0.5 1520430000.123`: checked and left out.
    private mutating func exemplar(_ body: Span<UInt8>) throws(ExpositionError) {
        sample.hasExemplar = true
        position += 4
        try labels(body, isExemplar: true)
        _ = try openMetricsNumber(body, what: "the exemplar's value")
        if byte(position, body) == Byte.space { _ = try timestamp(body, what: "the exemplar's timestamp") }
    }
}
