/// What a selector counts on one page since the beginning of time.
public struct SeriesTotal: Sendable, Equatable {
    public let series: Int
    public let total: Double

    /// Reads the whole page: for pages that are doubted, not for every scrape.
    ///
    /// - Returns: nil for a page that cannot be read, or a selector that matches nothing.
    public init?(of selector: SeriesSelector, in page: [UInt8], format: ExpositionFormat) {
        guard let match = try? SelectorMatch(selector) else { return nil }
        var (series, total) = (0, 0.0)
        let isReadable: Void? = try? Exposition.walk(page, format: format) { scanner, bytes throws(ExpositionError) in
            guard SampleSpot.text(scanner.sample.name, in: bytes) == match.metric else { return }
            let sample = SampleBuilder.sample(scanner.sample, type: nil, in: bytes)
            guard match.matches(sample.labels), sample.value.isFinite else { return }
            series += 1
            total += sample.value
        }
        guard isReadable != nil, series > 0 else { return nil }
        (self.series, self.total) = (series, total)
    }
}
