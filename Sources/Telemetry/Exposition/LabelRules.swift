/// What the server asks of a series' labels beyond the grammar, and the limits of the release.
enum LabelRules {
    static func check(
        _ sample: borrowing SampleSpot, limits: ScrapeLimits, in body: Span<UInt8>
    ) throws(ExpositionError) {
        let labels = sample.labels.span
        if limits.labels > 0, labels.count > limits.labels {
            throw error(copy sample, body, "\(labels.count) labels are more than the limit of \(limits.labels)")
        }
        if sample.name.count == 0 { throw error(copy sample, body, "the metric's name is empty") }
        for index in 0..<labels.count {
            let label = labels[index]
            if limits.labelNameBytes > 0, label.name.count > limits.labelNameBytes {
                throw error(copy sample, body, "a label's name is longer than \(limits.labelNameBytes) bytes")
            }
            if limits.labelValueBytes > 0, label.value.count > limits.labelValueBytes {
                throw error(copy sample, body, "a label's value is longer than \(limits.labelValueBytes) bytes")
            }
            if label.name.count == 8, equals(label.name, "__name__", body) {
                throw error(copy sample, body, "the label __name__ cannot be given")
            }
            for earlier in 0..<index where equal(labels[earlier].name, label.name, body) {
                throw error(copy sample, body, "the label '\(SampleSpot.text(label.name, in: body))' is there twice")
            }
        }
    }

    @inline(__always)
    private static func equal(_ left: SampleSpot.Piece, _ right: SampleSpot.Piece, _ body: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for offset in 0..<left.count where body[left.start + offset] != body[right.start + offset] { return false }
        return true
    }

    private static func equals(_ piece: SampleSpot.Piece, _ word: StaticString, _ body: Span<UInt8>) -> Bool {
        for offset in 0..<piece.count where body[piece.start + offset] != word.utf8Start[offset] { return false }
        return true
    }

    private static func error(_ sample: SampleSpot, _ body: Span<UInt8>, _ reason: String) -> ExpositionError {
        var line = 1
        for place in 0..<min(sample.series.start, body.count) where body[place] == Byte.newline { line += 1 }
        let name = ExpositionText.shown(SampleSpot.text(sample.name, in: body))
        return ExpositionError(line: line, reason: "\(name): \(reason)")
    }
}
