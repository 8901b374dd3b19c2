extension ExpositionScanner {
    /// What stands between braces, from behind the opening one to behind the closing one. A quoted string that is
    /// followed by a comma or a brace is the metric's name (Prometheus 3's UTF-8 names).
    ///
    /// The text format takes a missing comma between labels; OpenMetrics does not. Both take a comma at the end.
    mutating func labels(_ page: Span<UInt8>, isExemplar: Bool = false) throws(ExpositionError) {
        skipBlanks(page)
        while byte(position, page) != Byte.close {
            let (name, isQuoted) = try labelName(page)
            skipBlanks(page)
            let follower = byte(position, page)
            if isQuoted, !isExemplar, follower == Byte.comma || follower == Byte.close {
                try takeName(name, page)
            } else {
                guard follower == Byte.equals else { throw expected("'=' after a label's name", page) }
                position += 1
                try labelValue(of: name, page, isExemplar: isExemplar)
            }
            try separator(page)
        }
        position += 1
    }

    @inline(__always)
    private mutating func labelName(_ page: Span<UInt8>) throws(ExpositionError) -> (SampleSpot.Piece, Bool) {
        if byte(position, page) == Byte.quote {
            let start = position
            let name = try quoted(page, what: "a quoted name", breaksAllowed: true)
            guard name.count > 0 else { throw error(page, at: start, "a quoted name is empty") }
            return (name, true)
        }
        guard Byte.startsLabel(byte(position, page)) else { throw expected("a label's name", page) }
        let start = position
        position = ExpositionScanner.endOfName(page, from: start + 1, allowsColon: false)
        return (SampleSpot.Piece(start: start, end: position), false)
    }

    private mutating func takeName(_ name: SampleSpot.Piece, _ page: Span<UInt8>) throws(ExpositionError) {
        guard !sample.hasName else { throw error(page, at: name.start, "the metric has two names") }
        sample.name = name
        sample.hasName = true
    }

    @inline(__always)
    private mutating func labelValue(
        of name: SampleSpot.Piece, _ page: Span<UInt8>, isExemplar: Bool
    ) throws(ExpositionError) {
        skipBlanks(page)
        guard byte(position, page) == Byte.quote else { throw expected("a label's value in double quotes", page) }
        let value = try quoted(page, what: "a label's value", breaksAllowed: format == .prometheusText)
        if !isExemplar { sample.labels.append(SampleSpot.Label(name: name, value: value)) }
    }

    @inline(__always)
    private mutating func separator(_ page: Span<UInt8>) throws(ExpositionError) {
        skipBlanks(page)
        if byte(position, page) == Byte.comma {
            position += 1
            skipBlanks(page)
        } else if format == .openMetrics, byte(position, page) != Byte.close {
            throw expected("a comma or a closing brace", page)
        }
    }
}
