@testable import Telemetry

/// What must hold for every scrape body, whatever its bytes. An input is a byte that chooses the format, then one body
/// or several, with a byte 0xFF between them (UTF-8 never has one), which one target gave one after the other.
enum ExpositionProperties {
    static func broken(by input: [UInt8]) -> String? {
        guard let choice = input.first else { return nil }
        let format: ExpositionFormat = choice & 1 == 0 ? .prometheusText : .openMetrics
        let bodies = input.dropFirst().split(separator: 0xFF, omittingEmptySubsequences: false).prefix(6).map(
            Array.init)
        for body in bodies {
            if let text = wholeScrape(body, format) ?? numbers(body) { return text }
        }
        return sequenceOfBodies(bodies, format) ?? layouts(bodies, format)
    }

    // MARK: One scrape body

    private static func wholeScrape(_ body: [UInt8], _ format: ExpositionFormat) -> String? {
        let samples: [ExpositionSample]
        do throws(ExpositionError) { samples = try Exposition.samples(in: body, format: format) } catch {
            return ill(error, body)
        }
        for sample in samples {
            if let text = roundTrip(sample) { return text }
        }
        guard let names = try? Exposition.metricNames(in: body, format: format) else {
            return "the samples can be read and the names cannot"
        }
        var seen: Set<String> = []
        let expected = samples.map(\.name).filter { seen.insert($0).inserted }
        return names == expected ? nil : "the names \(names) are not those of the samples, \(expected)"
    }

    /// An error says a line that is there, in a text that fits into one line.
    private static func ill(_ error: ExpositionError, _ body: [UInt8]) -> String? {
        let lines = body.count { $0 == 0x0A } + 1
        if error.line < 0 || error.line > lines { return "line \(error.line) of \(lines): \(error)" }
        return MessageText.flaw(in: error.reason)
    }

    /// A sample's text reads back as the same sample, in both formats where the format has such samples.
    private static func roundTrip(_ sample: ExpositionSample) -> String? {
        let text = sample.description
        let body = Array((text + "\n").utf8)
        guard let again = try? Exposition.samples(in: body, format: .prometheusText) else {
            return "the sample's own text cannot be read: \(text)"
        }
        guard again.count == 1, let other = again.first else { return "one sample became \(again.count): \(text)" }
        let isSameValue = other.value == sample.value || other.value.isNaN && sample.value.isNaN
        let isSame = other.seriesText == sample.seriesText && other.timestampMs == sample.timestampMs
        if !isSame || !isSameValue { return "\(text) became \(other)" }
        return numberText(sample.value)
    }

    /// Two readers of numbers: ours and the C library's (by way of Swift).
    private static func numberText(_ value: Double) -> String? {
        for text in [FloatFormat.plain(value), FloatFormat.openMetrics(value)] {
            let bytes = Array(text.utf8)
            guard let ours = FloatText.parse(bytes.span, 0..<bytes.count) else {
                return "\(text) is no number any more"
            }
            let isSame = ours.bitPattern == value.bitPattern || ours.isNaN && value.isNaN
            if !isSame { return "\(value) became \(ours) by way of \(text)" }
            if let theirs = Double(text), theirs.bitPattern != ours.bitPattern, !theirs.isNaN {
                return "\(text) is \(ours) to us and \(theirs) to the library"
            }
        }
        return nil
    }

    /// Whatever is between blanks, read as a number by both.
    private static func numbers(_ body: [UInt8]) -> String? {
        let blanks: Set<UInt8> = [0x09, 0x0A, 0x20]
        for word in body.split(whereSeparator: blanks.contains).prefix(20) where word.count <= 64 {
            let bytes = Array(word)
            // The library stops at a NUL.
            guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else { continue }
            let ours = FloatText.parse(bytes.span, 0..<bytes.count)
            if let flaw = differ(text, ours, Double(text)) { return flaw }
        }
        return nil
    }

    private static func differ(_ text: String, _ ours: Double?, _ theirs: Double?) -> String? {
        switch (ours, theirs) {
        case (.some(let ours), .some(let theirs)):
            let isSame = ours.bitPattern == theirs.bitPattern || ours.isNaN && theirs.isNaN
            return isSame ? nil : "'\(text)' is \(ours) to us and \(theirs) to the library"
        case (nil, .some(let theirs)):
            // Hexadecimal numbers, numbers too large for a double, and nan with a sign are none to Prometheus.
            let isForeign = text.contains { "xXpP".contains($0) } || theirs.isInfinite || theirs.isNaN
            return isForeign ? nil : "'\(text)' is no number to us and \(theirs) to the library"
        case (.some(let ours), nil):
            // The library wants digits on both sides of a point.
            return text.contains(".") || ours.isInfinite || ours.isNaN ? nil : "'\(text)' is a number to us alone"
        case (nil, nil): return nil
        }
    }

    // MARK: Scrape bodies of one target

    /// What a release watches; names short enough for a fuzzer to come by.
    private static let watch = WatchList(
        requests: SeriesSelector(metric: "r_total"),
        errors: SeriesSelector(metric: "r_total", matchers: [.init(label: "c", comparison: .matches, value: "5..")]),
        latency: SeriesSelector(metric: "l"))

    /// By layout and token by token is the same. Each scrape body comes twice, so that its layout is tried on it, and
    /// once more in the end.
    private static func layouts(_ bodies: [[UInt8]], _ format: ExpositionFormat) -> String? {
        guard var quick = try? TargetReader(watch: watch, limits: .none),
            var plain = try? TargetReader(watch: watch, limits: .none)
        else { return "the watch list cannot be used" }
        var scratch = ReadingScratch()
        for (index, body) in (bodies.flatMap { [$0, $0] } + bodies).enumerated() {
            let now = Int64(index + 1) * 1_000
            let one = "\(result(&quick, body, format, now, &scratch, .ownOnly))"
            let other = "\(result(&plain, body, format, now, &scratch, .none))"
            if one != other { return "by layout: \(one), token by token: \(other)" }
        }
        return nil
    }

    private static func sequenceOfBodies(_ bodies: [[UInt8]], _ format: ExpositionFormat) -> String? {
        // A second reader gets the good scrape bodies alone: a bad one must leave nothing behind.
        guard var reader = try? TargetReader(watch: watch, limits: .none),
            var other = try? TargetReader(watch: watch, limits: .none)
        else { return "the watch list cannot be used" }
        for (index, body) in bodies.enumerated() {
            let now = Int64(index + 1) * 1_000
            let read = result(&reader, body, format, now)
            let samples = try? Exposition.samples(in: body, format: format)
            switch (read, samples) {
            case (.success(let reading), .some(let samples)):
                guard case .success(let same) = result(&other, body, format, now) else { return "one reader refuses" }
                if reading != same, !hasNaN(reading) { return "after a bad body: \(reading), without it: \(same)" }
                if let text = impossible(reading) ?? mismatch(reading, samples) { return text }
            case (.failure(let error), nil):
                if let text = ill(error, body) { return text }
            case (.failure(let error), .some):
                // The one bound that no setting removes.
                if !error.reason.contains("buckets or quantiles") { return "only the reader refuses: \(error)" }
                _ = result(&other, body, format, now)
            case (.success, nil): return "only the reader accepts the body"
            }
        }
        return nil
    }

    private static func result(
        _ reader: inout TargetReader, _ body: [UInt8], _ format: ExpositionFormat, _ now: Int64
    ) -> Result<TargetReading, ExpositionError> {
        var scratch = ReadingScratch()
        return result(&reader, body, format, now, &scratch, .ownOnly)
    }

    private static func result(
        _ reader: inout TargetReader, _ body: [UInt8], _ format: ExpositionFormat, _ now: Int64,
        _ scratch: inout ReadingScratch, _ layouts: LayoutOffer
    ) -> Result<TargetReading, ExpositionError> {
        Result { () throws(ExpositionError) in
            try reader.read(
                body, format: format, atUptimeMs: now, countNewWithin: 1_000...2_000_000_000, scratch: &scratch,
                layouts: layouts)
        }
    }

    /// Increments are what a counter may do.
    private static func impossible(_ reading: TargetReading) -> String? {
        var numbers = [reading.requests, reading.errors].compactMap { $0 }
        switch reading.latency {
        case .absent: break
        case .histogram(let histogram):
            numbers += histogram.cumulative + [histogram.sumSeconds, histogram.count]
            if histogram.upperBounds.count != histogram.cumulative.count { return "bounds without counts: \(reading)" }
            if histogram.upperBounds != histogram.upperBounds.sorted() { return "bounds that fall: \(reading)" }
        case .summary(let summary):
            numbers += [summary.sumSeconds, summary.count]
            if summary.quantiles.count != summary.seconds.count { return "quantiles without values: \(reading)" }
            if summary.seconds.contains(where: \.isNaN) { return "a quantile that is no number: \(reading)" }
        }
        return numbers.allSatisfy { $0.isFinite && $0 >= 0 } ? nil : "an increment that no counter has: \(reading)"
    }

    private static func hasNaN(_ reading: TargetReading) -> Bool { reading != reading }

    /// The reader skips what no rule needs; reading everything and choosing afterwards gives the same.
    private static func mismatch(_ reading: TargetReading, _ samples: [ExpositionSample]) -> String? {
        let series = Dictionary(samples.map { ($0.seriesText, $0) }, uniquingKeysWith: { first, _ in first }).values
        let requests = series.filter { $0.name == "r_total" }
        let errors = requests.filter { sample in
            let code = sample.labels.first { $0.name == "c" }?.value.unicodeScalars.map { $0 } ?? []
            return code.count == 3 && code[0] == "5"
        }
        if reading.matches.requests != requests.count {
            return "\(reading.matches.requests) of \(requests.count) request series are counted"
        }
        if reading.matches.errors != errors.count {
            return "\(reading.matches.errors) of \(errors.count) error series are counted"
        }
        return nil
    }
}
