/// The instances in an exposition that has the series of several: a proxy's, one label value per server behind it.
public enum InstanceLabels {
    /// An exposition with more of them is not divided any further.
    public static let limit = 200

    /// The values that a label has on the series of requests and latency that the list selects, each once, in the order of
    /// the body; at most ``limit``. Empty for a body that cannot be read.
    public static func values(
        of label: String, in body: [UInt8], format: ExpositionFormat, watch: WatchList
    ) -> [String] {
        guard let classifier = try? SeriesClassifier(watch) else { return [] }
        var values: [String] = []
        var seen: Set<String> = []
        try? Exposition.walk(body, format: format) { scanner, bytes throws(ExpositionError) in
            guard values.count < limit, classifier.mayMatter(scanner.sample.name, in: bytes) else { return }
            let sample = SampleBuilder.sample(scanner.sample, type: nil, in: bytes)
            let roles = classifier.roles(of: sample)
            guard roles.isRequests || roles.isLatency else { return }
            let value = sample.labels.first { $0.name == label }?.value ?? ""
            if !value.isEmpty, seen.insert(value).inserted { values.append(value) }
        }
        return values
    }
}
