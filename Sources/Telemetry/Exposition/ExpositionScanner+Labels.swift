extension ExpositionScanner {
    /// What is between braces, from behind the opening one to behind the closing one. A quoted string that is
    /// followed by a comma or a brace is the metric's name (Prometheus 3's UTF-8 names).
    ///
    /// The text format takes a missing comma between labels; OpenMetrics does not. Both take a comma at the end.
    mutating func labels(_ body: Span<UInt8>, isExemplar: Bool = false) throws(ExpositionError) {
        skipBlanks(body)
        while byte(position, body) != Byte.close {
            let (name, isQuoted) = try labelName(body)
            skipBlanks(body)
            let follower = byte(position, body)
            if isQuoted, !isExemplar, follower == Byte.comma || follower == Byte.close {
                try takeName(name, body)
            } else {
                guard follower == Byte.equals else { throw expected("'=' after a label's name", body) }
                position += 1
                try labelValue(of: name, body, isExemplar: isExemplar)
            }
            try separator(body)
        }
        position += 1
    }

    @inline(__always)
    private mutating func labelName(_ body: Span<UInt8>) throws(ExpositionError) -> (SampleSpot.Piece, Bool) {
        if byte(position, body) == Byte.quote {
            let start = position
            let name = try quoted(body, what: "a quoted name", breaksAllowed: true)
            guard name.count > 0 else { throw error(body, at: start, "a quoted name is empty") }
            return (name, true)
        }
        guard Byte.startsLabel(byte(position, body)) else { throw expected("a label's name", body) }
        let start = position
        position = ExpositionScanner.endOfName(body, from: start + 1, allowsColon: false)
        return (SampleSpot.Piece(start: start, end: position), false)
    }

    private mutating func takeName(_ name: SampleSpot.Piece, _ body: Span<UInt8>) throws(ExpositionError) {
        guard !sample.hasName else { throw error(body, at: name.start, "the metric has two names") }
        sample.name = name
        sample.hasName = true
    }

    @inline(__always)
    private mutating func labelValue(
        of name: SampleSpot.Piece, _ body: Span<UInt8>, isExemplar: Bool
    ) throws(ExpositionError) {
        skipBlanks(body)
        guard byte(position, body) == Byte.quote else { throw expected("a label's value in double quotes", body) }
        let value = try quoted(body, what: "a label's value", breaksAllowed: format == .prometheusText)
        if !isExemplar { sample.labels.append(SampleSpot.Label(name: name, value: value)) }
    }

    @inline(__always)
    private mutating func separator(_ body: Span<UInt8>) throws(ExpositionError) {
        skipBlanks(body)
        if byte(position, body) == Byte.comma {
            position += 1
            skipBlanks(body)
        } else if format == .openMetrics, byte(position, body) != Byte.close {
            throw expected("a comma or a closing brace", body)
        }
    }
}
