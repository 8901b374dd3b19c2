import ConfigurationFiles
import Daemon
import Foundation
import Telemetry

/// What `inspect` prints.
enum InspectReport {
    private struct Sample: Encodable {
        let name: String
        let labels: [String: String]
        /// As text, because JSON has no NaN or Inf; the same form as Prometheus' API.
        let value: String
        let timestampMs: Int64?

        enum CodingKeys: String, CodingKey {
            case name, labels, value
            case timestampMs = "timestamp_ms"
        }
    }

    private struct Document: Encodable {
        let format: String?
        let samples: [Sample]?
        let error: String?
    }

    static func json(_ samples: [ExpositionSample], format: ExpositionFormat) throws -> String {
        let rows = samples.map { sample in
            Sample(
                name: sample.name,
                labels: Dictionary(sample.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
                value: sample.valueText, timestampMs: sample.timestampMs)
        }
        return try encode(Document(format: format.rawValue, samples: rows, error: nil))
    }

    static func json(error: String) throws -> String {
        try encode(Document(format: nil, samples: nil, error: error))
    }

    private static func encode(_ document: Document) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }

    /// What the body is, on one line: the last thing that is printed, below thousands of samples.
    static func summary(_ samples: [ExpositionSample], format: ExpositionFormat) -> String {
        let names = Set(samples.map(\.name)).count
        let counts = "\(samples.count) samples of \(names) names, \(format.rawValue)"
        guard let service = PresetRecognition.recognise(samples) else {
            guard let refused = PresetRecognition.refused(samples) else { return counts + "; no counter of requests" }
            return "\(counts); \(refused.title) cannot be used: \(refused.refusal ?? "")"
        }
        let preset = service.preset.map { "preset: \($0.name), " } ?? ""
        return "\(counts); \(service.title): \(preset)\(service.indicators.parts.joined(separator: ", "))"
    }

    /// A line per indicator.
    static func matches(
        _ watch: WatchList, reading: TargetReading, body: [UInt8], format: ExpositionFormat, needsPercentiles: Bool
    ) -> [String] {
        var lines: [String] = []
        func add(_ name: String, _ series: [SeriesSelector], _ count: Int) {
            guard !series.isEmpty else { return lines.append("\(name): not configured") }
            let sum = series.map(\.description).joined(separator: " + ")
            lines.append("\(name): \(sum) \(series.count == 1 ? "matches" : "match") \(count) series")
        }
        add("requests", watch.requestCounters, reading.matches.requests)
        add("errors", watch.errorCounters, reading.matches.errors)
        add("latency", [watch.latency].compactMap { $0 }, reading.matches.latency)
        if let unit = watch.latencyUnit, watch.latency != nil { lines[2] += ", in \(unit.name)" }
        if !watch.excluded.isEmpty { lines.append("excluded: series with \(watch.excluded)") }
        if let presence = watch.presence {
            lines.append("presence: \(presence) matches \(reading.matches.presence) series")
        }
        for (signal, count) in zip(watch.signals, reading.matches.signals) {
            lines.append("own \(signal.kind.rawValue): \(signal.selector) matches \(count) series")
        }
        let findings = IndicatorDiagnosis.findings(
            watch, matches: reading.matches, body: body, format: format, needsPercentiles: needsPercentiles)
        return lines + findings.map { "warning: \($0)" } + reading.notes.map { "warning: \($0)" }
    }
}
