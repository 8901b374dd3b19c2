/// Says what the indicators of a release can never see in a scrape body, and what to change: a name or a label that is
/// not there, a type that does not count, a latency without buckets.
///
/// Reads the whole body, so it is asked for a target's first body and when its matches change.
public struct IndicatorDiagnosis {
    private let watch: WatchList
    private let matches: TargetReading.Matches
    private let survey: ExpositionSurvey
    /// A rule uses a percentile of the latency.
    private let needsPercentiles: Bool

    /// One sentence per finding, in a fixed order; empty for a scrape body that feeds every indicator, and for one that
    /// cannot be read.
    ///
    /// - Parameter matches: of the reading of the same body.
    public static func findings(
        _ watch: WatchList, matches: TargetReading.Matches, body: [UInt8], format: ExpositionFormat,
        needsPercentiles: Bool
    ) -> [String] {
        guard let survey = try? ExpositionSurvey(body, format: format, watch: watch) else { return [] }
        let diagnosis = IndicatorDiagnosis(
            watch: watch, matches: matches, survey: survey, needsPercentiles: needsPercentiles)
        return diagnosis.findings
    }

    private var findings: [String] {
        var found: [String] = []
        if let requests = watch.requests { found += counter("requests", requests, matched: matches.requests) }
        for further in watch.furtherRequests { found += counted(apart: further, "requests") }
        if let latency = watch.latency { found += self.latency(latency) }
        if let errors = watch.errors {
            // What is wrong with the metric has been said of the requests.
            let isShared = watch.requestCounters.contains { $0.metric == errors.metric }
            if !isShared || survey.has(errors.metric) {
                found += counter("errors", errors, matched: matches.errors, isShared: isShared)
            }
        }
        for further in watch.furtherErrors where !watch.requestCounters.contains(where: { $0.metric == further.metric })
        {
            found += counted(apart: further, "errors")
        }
        for (signal, matched) in zip(watch.signals, matches.signals) { found += own(signal, matched: matched) }
        return found
    }

    // MARK: Indicators of the release's own

    private func own(_ signal: Signal, matched: Int) -> [String] {
        let name = signal.selector.metric
        switch signal.kind {
        case .counter: return counter("own", signal.selector, matched: matched)
        case .gauge: return gauge(signal.selector, matched: matched)
        case .histogram:
            guard survey.has(name + "_bucket") else {
                guard survey.has(name) || survey.has(name + "_count") else { return [absent("own", name)] }
                return ["\(name) has no buckets (\(name)_bucket), so a quantile of it can never have a value"]
            }
            guard matched == 0, let buckets = survey[name + "_bucket"] else { return [] }
            let labels = missingLabels("own", signal.selector, buckets)
            return labels.isEmpty
                ? ["no series of \(name) matches \(signal.selector); its labels are \(buckets.shownLabels)"] : labels
        }
    }

    private func gauge(_ selector: SeriesSelector, matched: Int) -> [String] {
        guard let metric = survey[selector.metric] else { return [absent("own", selector.metric)] }
        if metric.type == .counter {
            return [
                "\(selector.metric) is declared as a counter, but an own indicator reads it as a gauge; "
                    + "use 'rate', 'increase' or 'ratio'"
            ]
        }
        let labels = missingLabels("own", selector, metric)
        guard labels.isEmpty, matched == 0 else { return labels }
        return ["no series of \(selector.metric) matches \(selector); its labels are \(metric.shownLabels)"]
    }

    // MARK: Counters

    /// A counter beside the first one: an exporter that counts some events apart has no series of it before the first.
    private func counted(apart selector: SeriesSelector, _ indicator: String) -> [String] {
        survey[selector.metric] == nil ? [] : counter(indicator, selector, matched: 1)
    }

    /// - Parameter isShared: the requests are counted by the same metric. Then no match is the normal state of a service
    ///   that has not failed yet, as long as the labels exist.
    private func counter(
        _ indicator: String, _ selector: SeriesSelector, matched: Int, isShared: Bool = false
    ) -> [String] {
        guard let metric = survey[selector.metric] else { return [absent(indicator, selector.metric)] }
        var found: [String] = []
        if !isShared, let type = wrongType(metric, selector.metric) {
            found.append(
                "\(selector.metric) is declared as a \(type), but the \(indicator) indicator needs a counter: "
                    + "a number that only rises, one per event")
        }
        if countsBuckets(selector, metric) {
            found.append(
                "\(selector.metric) are the buckets of a histogram, in which each event is counted several times; use "
                    + "\(LatencySuffix.base(of: selector.metric) ?? selector.metric)_count for the \(indicator) indicator"
            )
        }
        let labels = missingLabels(indicator, selector, metric)
        if labels.isEmpty, matched == 0, !isShared {
            found.append(
                "no series of \(selector.metric) matches the \(indicator) selector \(selector); "
                    + "its labels are \(metric.shownLabels)")
        }
        return found + labels
    }

    /// Buckets are cumulative, so that several of them hold the same event. One bucket alone counts.
    private func countsBuckets(_ selector: SeriesSelector, _ metric: ExpositionSurvey.Metric) -> Bool {
        guard selector.metric.hasSuffix("_bucket"), metric.label("le") != nil else { return false }
        return !selector.matchers.contains { $0.label == "le" && $0.comparison == .equal }
    }

    private func wrongType(_ metric: ExpositionSurvey.Metric, _ name: String) -> String? {
        switch metric.type {
        case nil, .counter?, .unknown?: nil
        case .gauge?, .gaugeHistogram?, .stateSet?, .info?: metric.type?.rawValue
        // The series of these that end in _count or _bucket count.
        case .histogram?, .summary?: LatencySuffix.base(of: name) == nil ? metric.type?.rawValue : nil
        }
    }

    private func missingLabels(
        _ indicator: String, _ selector: SeriesSelector, _ metric: ExpositionSurvey.Metric
    ) -> [String] {
        selector.matchers.compactMap { matcher in
            guard metric.label(matcher.label) == nil else { return nil }
            let absence = "no series of \(selector.metric) has the label '\(ExpositionSurvey.shown(matcher.label))'"
            let present = "its labels are \(metric.shownLabels)"
            guard IndicatorDiagnosis.holdsForAbsent(matcher) else {
                return "\(absence), so the \(indicator) selector \(selector) never matches; \(present)"
            }
            let isNegative = matcher.comparison == .notEqual || matcher.comparison == .doesNotMatch
            return isNegative ? "\(absence), so \(matcher) holds for all of them; \(present)" : nil
        }
    }

    private static func holdsForAbsent(_ matcher: SeriesSelector.Matcher) -> Bool {
        (try? SelectorMatch(SeriesSelector(metric: "m", matchers: [matcher])).matches([])) ?? false
    }

    private func absent(_ indicator: String, _ metric: String, near: [String]? = nil) -> String {
        guard !survey.declares(metric) else {
            return
                "the scrape body declares \(metric), which the \(indicator) indicator asks for, and has no series of it yet; "
                + "a metric with labels has none before its first event"
        }
        let near = near ?? NearestNames.suggestions(for: metric, among: survey.names, limit: 3)
        let hint =
            near.isEmpty ? "" : "; the nearest names are \(near.map(ExpositionText.shown).joined(separator: ", "))"
        return "the scrape body has no \(metric), which the \(indicator) indicator asks for\(hint)"
    }

    // MARK: Latency

    private func latency(_ selector: SeriesSelector) -> [String] {
        let name = selector.metric
        guard matches.latency == 0 else { return percentiles(name) + unit(name) + counted(selector) }
        if let base = LatencySuffix.base(of: name), LatencySuffix.all.contains(where: { survey.has(base + $0) }) {
            return ["the latency indicator names a metric without the suffix of its series: write \(base), not \(name)"]
        }
        if let own = survey[name] {
            let type = own.type.map { "is declared as a \($0.rawValue)" } ?? "has no type"
            return [
                "\(name) \(type) and has neither buckets nor quantiles; the latency indicator needs a histogram "
                    + "(\(name)_bucket with 'le') or a summary (\(name)_sum and \(name)_count)"
            ]
        }
        guard let part = LatencySuffix.all.lazy.compactMap({ survey[name + $0] }).first else {
            return [absentLatency(name)]
        }
        let labels = missingLabels("latency", selector, part)
        guard labels.isEmpty else { return labels }
        return ["no series of \(name) matches the latency selector \(selector); its labels are \(part.shownLabels)"]
    }

    /// Names of series are suggested as the indicator wants them, without their suffixes.
    private func absentLatency(_ name: String) -> String {
        let near = NearestNames.suggestions(for: name, among: survey.names, limit: 6)
        var bases: [String] = []
        for other in near.map({ LatencySuffix.base(of: $0) ?? $0 }) where !bases.contains(other) { bases.append(other) }
        return absent("latency", name, near: Array(bases.prefix(3)))
    }

    private func percentiles(_ name: String) -> [String] {
        let hasQuantiles = survey[name]?.label("quantile") != nil
        if let buckets = survey[name + "_bucket"] {
            let isOpen = !buckets.bounds.contains(.infinity) && !buckets.bounds.isEmpty
            guard isOpen, needsPercentiles else { return [] }
            return [
                "the histogram \(name) has no bucket le=\"+Inf\", so a percentile (latency_pN) can never have a value"
            ]
        }
        guard !hasQuantiles, needsPercentiles else { return [] }
        let advice =
            survey.has(name + "_max")
            ? "Micrometer needs management.metrics.distribution.percentiles-histogram for this metric"
            : "switch on its histogram in the service, or use latency_mean"
        return [
            "\(name) has neither buckets nor quantiles, only \(name)_sum and \(name)_count: latency_mean has a value, a "
                + "percentile (latency_pN) can never have one; \(advice)"
        ]
    }

    private func unit(_ name: String) -> [String] {
        guard watch.latencyUnit == nil, let doubt = doubtfulBounds(name) ?? doubtfulMean(name) else { return [] }
        return [
            "\(doubt), which can hardly be seconds; if \(name) is in milliseconds, write 'latency_unit: ms' under "
                + "'indicators' (or 'latency_unit: s' if it is right)"
        ]
    }

    private func doubtfulBounds(_ name: String) -> String? {
        let bounds = survey[name + "_bucket"]?.bounds.filter { $0.isFinite && $0 > 0 } ?? []
        guard let smallest = bounds.min(), let largest = bounds.max() else { return nil }
        let shown = FloatFormat.plain(largest)
        if largest >= LatencyUnit.implausibleSeconds { return "the largest bucket of \(name) is \(shown)" }
        guard LatencyUnit(nameOf: name) == nil,
            LatencyUnit.isDoubtfulInSeconds(smallest: smallest, largest: largest)
        else { return nil }
        return "the buckets of \(name) go from \(FloatFormat.plain(smallest)) to \(shown)"
    }

    private func doubtfulMean(_ name: String) -> String? {
        guard LatencyUnit(nameOf: name) == nil, let sum = survey[name + "_sum"]?.total,
            let count = survey[name + "_count"]?.total, count > 0
        else { return nil }
        let mean = sum / count
        guard mean >= LatencyUnit.doubtfulMeanSeconds else { return nil }
        return "the mean of \(name) is \(FloatFormat.plain((mean * 100).rounded() / 100))"
    }

    /// Matchers that hold because their label is nowhere.
    private func counted(_ selector: SeriesSelector) -> [String] {
        let parts = LatencySuffix.all.map { selector.metric + $0 } + [selector.metric]
        return parts.lazy.compactMap { survey[$0] }.first.map { missingLabels("latency", selector, $0) } ?? []
    }
}
