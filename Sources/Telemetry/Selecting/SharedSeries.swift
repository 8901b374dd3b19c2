/// Searches for a series that the indicators of both pools take. Where the expressions of two `match` fields overlap,
/// that shows in a scrape body alone: such a series would be counted in both pools, and so compared with itself.
public enum SharedSeries {
    /// The first series that means the same to both lists, as in the scrape body; nil when there is none, or the body
    /// or a list cannot be read.
    public static func first(
        of one: WatchList, and other: WatchList, in body: [UInt8], format: ExpositionFormat
    ) -> String? {
        guard let first = try? SeriesClassifier(one), let second = try? SeriesClassifier(other) else { return nil }
        var found: String?
        try? Exposition.walk(body, format: format) { scanner, bytes throws(ExpositionError) in
            guard found == nil, first.mayMatter(scanner.sample.name, in: bytes) else { return }
            let sample = SampleBuilder.sample(scanner.sample, type: nil, in: bytes)
            let (here, there) = (first.roles(of: sample), second.roles(of: sample))
            if here.shares(with: there) { found = sample.seriesText }
        }
        return found
    }
}

extension SeriesRoles {
    /// Whether one indicator at least takes the series in both lists. Start times are the process's, so both may have them.
    fileprivate func shares(with other: SeriesRoles) -> Bool {
        (isRequests && other.isRequests) || (isErrors && other.isErrors) || (isLatency && other.isLatency)
            || signals.contains { other.signals.contains($0) }
    }
}
