package import Telemetry

/// What a scrape body was recognised as.
package struct RecognisedService: Sendable, Equatable {
    /// Nil when the series were found by their names' form.
    package let preset: ServicePreset?
    package let indicators: ProposedIndicators

    package var title: String { preset?.title ?? "metrics of its own" }
}

/// Finds the exporter by the series that it has.
package enum PresetRecognition {
    /// - Returns: the preset of which most is there, the first in case of a tie; else series whose names have the usual
    ///   form; nil when there is no counter of requests.
    package static func recognise(_ samples: [ExpositionSample]) -> RecognisedService? {
        recognise(SeriesNames(samples))
    }

    private static func recognise(_ series: SeriesNames) -> RecognisedService? {
        let fitting = ServicePresets.all.compactMap { preset in
            recognised(preset, in: series).map { (service: $0, score: $0.indicators.latency == nil ? 1 : 2) }
        }
        guard let best = fitting.map(\.score).max() else { return GenericSeries(series).recognised }
        return fitting.first { $0.score == best }?.service
    }

    private static func recognised(_ preset: ServicePreset, in series: SeriesNames) -> RecognisedService? {
        guard preset.refusal == nil, let counter = preset.watchList.requests,
            let labels = series.labels[counter.metric],
            preset.requiredLabels.isSubset(of: labels)
        else { return nil }
        let hasLatency = preset.watchList.latency.map { series.hasLatency($0.metric) } ?? false
        return RecognisedService(preset: preset, indicators: ProposedIndicators(preset, hasLatency: hasLatency))
    }

    /// The known exporter that cannot be used, where the exposition is of one; it is asked for when none was recognised.
    package static func refused(_ samples: [ExpositionSample]) -> ServicePreset? {
        let series = SeriesNames(samples)
        return ServicePresets.all.first { preset in
            guard preset.refusal != nil, let counter = preset.watchList.requests else { return false }
            return series.labels[counter.metric] != nil
        }
    }
}

/// The labels of each metric in a scrape body.
struct SeriesNames {
    let labels: [String: Set<String>]

    init(_ samples: [ExpositionSample]) {
        var labels: [String: Set<String>] = [:]
        for sample in samples { labels[sample.name, default: []].formUnion(sample.labels.map(\.name)) }
        self.labels = labels
    }

    /// It has a histogram's buckets or a summary's quantiles: sum and count alone have no percentile.
    func hasLatency(_ base: String) -> Bool {
        labels[base + "_bucket"] != nil || labels[base]?.contains("quantile") == true
    }
}

/// Series of a service's own, by the form of their names: `shop_requests_total{status="200"}`.
struct GenericSeries {
    private static let outcomeLabels = [
        "code", "status", "status_code", "http_status", "http_status_code", "response_code",
    ]
    /// Counters of what the process does for the one who watches it, not for its clients.
    private static let own = ["promhttp_metric_handler_requests_total", "prometheus_http_requests_total"]

    private static let refused = Set(
        ServicePresets.all.filter { $0.refusal != nil }.compactMap { $0.watchList.requests?.metric })

    let series: SeriesNames

    init(_ series: SeriesNames) { self.series = series }

    var recognised: RecognisedService? {
        let counters = series.labels.keys.sorted().filter { name in
            !Self.own.contains(name) && !Self.refused.contains(name)
                && ["requests_total", "request_total", "requests_count"].contains(where: name.hasSuffix)
        }
        // One that says how requests ended, before one that does not.
        let outcomes = counters.compactMap { name in
            Self.outcomeLabels.first { series.labels[name]?.contains($0) == true }.map { (name, $0) }
        }
        guard let requests = outcomes.first?.0 ?? counters.first else { return nil }
        let errors = outcomes.first.map { "\($0.0){\($0.1)=~\"5..\"}" } ?? separateErrors(beside: requests)
        return RecognisedService(
            preset: nil, indicators: ProposedIndicators(requests: requests, errors: errors, latency: latency))
    }

    private func separateErrors(beside requests: String) -> String? {
        let stem = requests.split(separator: "_").first.map(String.init) ?? requests
        let names = series.labels.keys.sorted().filter { name in
            ["errors_total", "failures_total", "exceptions_total"].contains(where: name.hasSuffix)
        }
        return names.first { $0.hasPrefix(stem) } ?? (names.count == 1 ? names.first : nil)
    }

    private var latency: String? {
        series.labels.keys.sorted().lazy.filter { $0.hasSuffix("_bucket") }.map { String($0.dropLast("_bucket".count)) }
            .first { name in
                ["duration", "latency", "time"].contains { name.contains($0) } && !name.hasPrefix("go_")
            }
    }
}
