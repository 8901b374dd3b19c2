/// One sample with all its text, for people: `inspect` prints these. The watchdog never makes them.
public struct ExpositionSample: Sendable, Equatable, CustomStringConvertible {
    public struct Label: Sendable, Equatable {
        public let name: String
        public let value: String
    }

    public let name: String
    /// Sorted by name; labels with an empty value are left out, because an empty label is an absent one. `le` and
    /// `quantile` of histograms and summaries are in the form that the server stores (`1.0` for `1`).
    public let labels: [Label]
    public let value: Double
    public let timestampMs: Int64?

    /// As the Prometheus API shows it: `0.5`, `NaN`, `+Inf`.
    public var valueText: String { FloatFormat.plain(value) }

    /// `http_requests_total{code="200"} 12 1700000000000`
    public var description: String {
        seriesText + " " + valueText + (timestampMs.map { " \($0)" } ?? "")
    }

    /// The name and the labels: equal text is an equal series.
    public var seriesText: String {
        let pairs = labels.map { Self.label($0.name) + "=\"" + Self.escaped($0.value) + "\"" }
        guard Self.isPlain(name, allowsColon: true) else {
            return "{" + (["\"" + Self.escaped(name) + "\""] + pairs).joined(separator: ",") + "}"
        }
        return pairs.isEmpty ? name : name + "{" + pairs.joined(separator: ",") + "}"
    }

    private static func label(_ name: String) -> String {
        isPlain(name, allowsColon: false) ? name : "\"" + escaped(name) + "\""
    }

    private static func isPlain(_ name: String, allowsColon: Bool) -> Bool {
        guard let first = name.utf8.first, allowsColon ? Byte.startsMetric(first) : Byte.startsLabel(first) else {
            return false
        }
        return name.utf8.allSatisfy {
            Byte.isDigit($0) || (allowsColon ? Byte.startsMetric($0) : Byte.startsLabel($0))
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\"": result.append(contentsOf: "\\\"".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}

/// Reads whole scrape bodies for people and for messages.
public enum Exposition {
    /// Every sample of the scrape body, in its order; of equal series without a timestamp the first one counts.
    ///
    /// - Throws: ``ExpositionError`` where the Prometheus 3 server fails the scrape.
    public static func samples(
        in body: [UInt8], format: ExpositionFormat
    ) throws(ExpositionError) -> [ExpositionSample] {
        var samples: [ExpositionSample] = []
        var seen: Set<ExactText> = []
        try walk(body, format: format) { scanner, bytes in
            let sample = SampleBuilder.sample(scanner.sample, type: scanner.familyType, in: bytes)
            let key = sample.seriesText + (sample.timestampMs.map { " \($0)" } ?? "")
            if seen.insert(ExactText(key)).inserted { samples.append(sample) }
        }
        return samples
    }

    /// The names of all metrics in the scrape body, without doubles, in the body's order.
    public static func metricNames(in body: [UInt8], format: ExpositionFormat) throws(ExpositionError) -> [String] {
        var names: [String] = []
        var seen: Set<ExactText> = []
        try walk(body, format: format) { scanner, bytes in
            let name = SampleSpot.text(scanner.sample.name, in: bytes)
            if seen.insert(ExactText(name)).inserted { names.append(name) }
        }
        return names
    }

    /// How many samples a scrape body has. Reads all of it, keeps nothing: for measuring the scanner.
    public static func sampleCount(in body: [UInt8], format: ExpositionFormat) throws(ExpositionError) -> Int {
        var count = 0
        try walk(body, format: format) { _, _ in count += 1 }
        return count
    }

    static func walk(
        _ body: [UInt8], format: ExpositionFormat,
        _ take: (borrowing ExpositionScanner, Span<UInt8>) throws(ExpositionError) -> Void
    ) throws(ExpositionError) {
        var scanner = ExpositionScanner(format: format)
        let bytes = body.span
        loop: while true {
            switch try scanner.next(in: bytes) {
            case .type: continue
            case .end: break loop
            case .sample:
                try LabelRules.check(scanner.sample, limits: ScrapeLimits.none, in: bytes)
                try take(scanner, bytes)
            }
        }
    }
}

/// Makes text out of places.
enum SampleBuilder {
    static func sample(_ spot: SampleSpot, type: MetricType?, in body: Span<UInt8>) -> ExpositionSample {
        var labels: [ExpositionSample.Label] = []
        for label in spot.labels where label.value.count > 0 {
            let name = SampleSpot.text(label.name, in: body)
            let value = SampleSpot.text(label.value, in: body)
            labels.append(.init(name: name, value: normalized(value, label: name, type: type)))
        }
        labels.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return ExpositionSample(
            name: SampleSpot.text(spot.name, in: body), labels: labels, value: spot.value,
            timestampMs: spot.timestampMs)
    }

    private static func normalized(_ value: String, label: String, type: MetricType?) -> String {
        guard (type == .histogram && label == "le") || (type == .summary && label == "quantile") else { return value }
        return normalized(value)
    }

    /// A number in the form that the server stores; any other text as it is.
    static func normalized(_ value: String) -> String {
        let bytes = Array(value.utf8)
        guard let number = FloatText.parse(bytes.span, 0..<bytes.count) else { return value }
        return FloatFormat.openMetrics(number)
    }
}

extension ExpositionSample {
    /// The same with that label's number in the form that the server stores.
    func normalizing(_ label: String?) -> ExpositionSample {
        guard let label, labels.contains(where: { $0.name == label }) else { return self }
        let same = labels.map { $0.name == label ? Label(name: label, value: SampleBuilder.normalized($0.value)) : $0 }
        return ExpositionSample(name: name, labels: same, value: value, timestampMs: timestampMs)
    }
}

extension ScrapeLimits {
    /// No bounds at all, for scrape bodies that an operator asked to see.
    static let none = ScrapeLimits(samples: 0, labels: 0, labelNameBytes: 0, labelValueBytes: 0, watchedSeries: 0)
}
