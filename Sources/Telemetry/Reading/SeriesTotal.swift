/// What a selector counts in one scrape body since the beginning of time.
public struct SeriesTotal: Sendable, Equatable {
    public let series: Int
    public let total: Double
    /// `process_start_time_seconds`, where the scrape body has it.
    public let startSeconds: Double?

    /// Reads the whole scrape body: for bodies that are doubted, not for every scrape.
    ///
    /// - Returns: nil for a body that cannot be read, or a selector that matches nothing.
    public init?(of selector: SeriesSelector, in body: [UInt8], format: ExpositionFormat) {
        guard let match = try? SelectorMatch(selector) else { return nil }
        var (series, total) = (0, 0.0)
        var start: Double?
        let isReadable: Void? = try? Exposition.walk(body, format: format) { scanner, bytes throws(ExpositionError) in
            let name = SampleSpot.text(scanner.sample.name, in: bytes)
            if name == "process_start_time_seconds" { start = start ?? scanner.sample.value }
            guard name == match.metric else { return }
            let sample = SampleBuilder.sample(scanner.sample, type: nil, in: bytes)
            guard match.matches(sample.labels), sample.value.isFinite else { return }
            series += 1
            total += sample.value
        }
        guard isReadable != nil, series > 0 else { return nil }
        (self.series, self.total, startSeconds) = (series, total, start)
    }
}
