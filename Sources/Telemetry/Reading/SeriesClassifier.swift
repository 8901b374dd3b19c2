/// Says which series matter to a release's rules. A name that no rule needs is recognised by its bytes and costs no more
/// than that.
struct SeriesClassifier {
    private struct Wanted {
        let name: [UInt8]
        let classify: (_ labels: [ExpositionSample.Label]) -> SeriesRoles
    }

    private var wanted: [Wanted] = []
    /// Bit n is set when a wanted name has n bytes (63: that or more).
    private var lengths: UInt64 = 0
    /// Says which series are counted for no built-in indicator; nil without any.
    private let excluded: SelectorMatch?

    /// - Throws: ``SelectorError`` for a regular expression that cannot be used.
    init(_ watch: WatchList) throws(SelectorError) {
        excluded =
            watch.excluded.isEmpty
            ? nil : try SelectorMatch(SeriesSelector(metric: "", matchers: watch.excluded.matchers))
        let outcomes = try OutcomeLabels(watch)
        for selector in watch.requestCounters {
            let requests = try SelectorMatch(selector)
            want(requests.metric) { labels in
                guard requests.matches(labels) else { return .none }
                return SeriesRoles(isRequests: true, lacksOutcome: outcomes.areMissing(requests.metric, labels))
            }
        }
        for selector in watch.errorCounters {
            let errors = try SelectorMatch(selector)
            want(errors.metric) { errors.matches($0) ? SeriesRoles(isErrors: true) : .none }
        }
        if let latency = try watch.latency.map(SelectorMatch.init) {
            wantLatency(latency, perSecond: watch.latencyPerSecond)
        }
        for (index, signal) in watch.signals.enumerated() { want(signal, index, try SelectorMatch(signal.selector)) }
        if let presence = try watch.presence.map(SelectorMatch.init) {
            want(presence.metric) { presence.matches($0) ? SeriesRoles(isPresence: true) : .none }
        }
        want("process_start_time_seconds") { _ in SeriesRoles(isStartTime: true) }
        for (name, sign) in LifeSign.metrics { want(name) { _ in SeriesRoles(lifeSign: sign) } }
        for created in SeriesClassifier.createdNames(watch) {
            want(created) { _ in SeriesRoles(isStartTime: true, isCreated: true) }
        }
    }

    private mutating func want(_ signal: Signal, _ index: Int, _ selector: SelectorMatch) {
        func want(_ suffix: String, _ part: SignalRole.Part) {
            let role = SeriesRoles(signals: [SignalRole(signal: index, part: part)])
            self.want(selector.metric + suffix) { selector.matches($0) ? role : .none }
        }
        switch signal.kind {
        case .counter: want("", .counter)
        case .gauge: want("", .gauge)
        case .histogram:
            let perSecond = signal.unit?.perSecond ?? 1
            self.want(selector.metric + "_bucket") { labels in
                guard let bound = SeriesClassifier.number("le", labels), selector.matches(labels) else { return .none }
                return SeriesRoles(signals: [SignalRole(signal: index, part: .bucket(bound / perSecond))])
            }
            want("_sum", .sum)
            want("_count", .count)
        }
    }

    private mutating func wantLatency(_ latency: SelectorMatch, perSecond: Double) {
        want(latency.metric + "_bucket") { labels in
            guard let bound = SeriesClassifier.number("le", labels), latency.matches(labels) else { return .none }
            return SeriesRoles(bucketBound: bound / perSecond)
        }
        want(latency.metric + "_sum") { latency.matches($0) ? SeriesRoles(isLatencySum: true) : .none }
        want(latency.metric + "_count") { latency.matches($0) ? SeriesRoles(isLatencyCount: true) : .none }
        want(latency.metric) { labels in
            guard let quantile = SeriesClassifier.number("quantile", labels), quantile >= 0, quantile <= 1,
                latency.matches(labels)
            else { return .none }
            return SeriesRoles(quantile: quantile)
        }
    }

    /// OpenMetrics says with `foo_created` when `foo_total` began to count.
    private static func createdNames(_ watch: WatchList) -> [String] {
        var names: [String] = []
        for selector in watch.requestCounters + watch.errorCounters + [watch.latency].compactMap({ $0 }) {
            let metric = selector.metric
            let base = metric.hasSuffix("_total") ? String(metric.dropLast(6)) : metric
            if !names.contains(base + "_created") { names.append(base + "_created") }
        }
        return names
    }

    private static func number(_ label: String, _ labels: [ExpositionSample.Label]) -> Double? {
        labels.first { $0.name == label }.flatMap { number($0.value) }
    }

    /// As the text format writes numbers: `0.5`, `1e3`, `+Inf`.
    static func number(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        return FloatText.parse(bytes.span, 0..<bytes.count)
    }

    private mutating func want(_ name: String, _ classify: @escaping ([ExpositionSample.Label]) -> SeriesRoles) {
        let bytes = Array(name.utf8)
        wanted.append(Wanted(name: bytes, classify: classify))
        lengths |= 1 << UInt64(min(bytes.count, 63))
    }

    /// Is there any rule that needs this name?
    @inline(__always)
    func mayMatter(_ name: SampleSpot.Piece, in body: Span<UInt8>) -> Bool {
        // An escaped name is too rare to be worth a comparison without its text.
        if name.isEscaped { return true }
        guard lengths & 1 << UInt64(min(name.count, 63)) != 0 else { return false }
        for candidate in wanted where candidate.name.count == name.count {
            if SeriesClassifier.isEqual(candidate.name, name, body) { return true }
        }
        return false
    }

    private static func isEqual(_ wanted: [UInt8], _ name: SampleSpot.Piece, _ body: Span<UInt8>) -> Bool {
        // From the end: names in a scrape body begin alike.
        var index = wanted.count - 1
        while index >= 0 {
            if wanted[index] != body[name.start + index] { return false }
            index -= 1
        }
        return true
    }

    /// All that the series means, from its full text. Called once per series, not per sample.
    func roles(of sample: ExpositionSample) -> SeriesRoles {
        var roles = SeriesRoles.none
        let name = Array(sample.name.utf8)
        for candidate in wanted where candidate.name == name { roles.add(candidate.classify(sample.labels)) }
        if let excluded, excluded.matches(sample.labels) { roles.exclude() }
        return roles
    }
}

/// The labels that the selectors of errors need on the series of requests, where both are of one metric.
private struct OutcomeLabels {
    /// By metric: of each selector of errors, the labels without which it cannot match.
    private var needed: [String: [Set<String>]] = [:]

    init(_ watch: WatchList) throws(SelectorError) {
        for errors in watch.errorCounters {
            var labels: Set<String> = []
            for matcher in errors.matchers {
                let alone = try SelectorMatch(SeriesSelector(metric: errors.metric, matchers: [matcher]))
                if !alone.matches([]) { labels.insert(matcher.label) }
            }
            needed[errors.metric, default: []].append(labels)
        }
    }

    /// No selector of errors could match a series with such labels, whatever their values are: how its requests ended is
    /// not known. False for a metric that has no selector of errors.
    func areMissing(_ metric: String, _ labels: [ExpositionSample.Label]) -> Bool {
        guard let selectors = needed[metric] else { return false }
        let present = Set(labels.map(\.name))
        return selectors.allSatisfy { !$0.isSubset(of: present) }
    }
}

extension SeriesRoles {
    /// Nothing of the built-in indicators is counted by it.
    fileprivate mutating func exclude() {
        (isRequests, lacksOutcome, isErrors, isLatencySum, isLatencyCount) = (false, false, false, false, false)
        (bucketBound, quantile) = (nil, nil)
    }

    fileprivate mutating func add(_ other: SeriesRoles) {
        // One selector that could say how the requests ended is enough.
        lacksOutcome =
            isRequests && other.isRequests ? lacksOutcome && other.lacksOutcome : lacksOutcome || other.lacksOutcome
        isRequests = isRequests || other.isRequests
        isErrors = isErrors || other.isErrors
        isLatencySum = isLatencySum || other.isLatencySum
        isLatencyCount = isLatencyCount || other.isLatencyCount
        bucketBound = bucketBound ?? other.bucketBound
        quantile = quantile ?? other.quantile
        isStartTime = isStartTime || other.isStartTime
        isCreated = isCreated || other.isCreated
        lifeSign = lifeSign ?? other.lifeSign
        signals += other.signals
        isPresence = isPresence || other.isPresence
    }
}

/// A selector that is ready to be asked.
struct SelectorMatch {
    let metric: String
    private let tests: [(label: String, holds: (String) -> Bool)]

    init(_ selector: SeriesSelector) throws(SelectorError) {
        metric = selector.metric
        var tests: [(String, (String) -> Bool)] = []
        for matcher in selector.matchers { tests.append((matcher.label, try SelectorMatch.test(matcher))) }
        self.tests = tests
    }

    /// An absent label has the empty value.
    func matches(_ labels: [ExpositionSample.Label]) -> Bool {
        tests.allSatisfy { test in
            test.holds(labels.first { $0.name.utf8.elementsEqual(test.label.utf8) }?.value ?? "")
        }
    }

    private static func test(_ matcher: SeriesSelector.Matcher) throws(SelectorError) -> (String) -> Bool {
        let value = matcher.value
        switch matcher.comparison {
        case .equal: return { Array($0.utf8) == Array(value.utf8) }
        case .notEqual: return { Array($0.utf8) != Array(value.utf8) }
        case .matches:
            let pattern = try pattern(value)
            return { pattern.matches($0) }
        case .doesNotMatch:
            let pattern = try pattern(value)
            return { !pattern.matches($0) }
        }
    }

    private static func pattern(_ text: String) throws(SelectorError) -> LabelPattern {
        do throws(PatternError) { return try LabelPattern(text) } catch {
            throw SelectorError(offset: 0, reason: error.reason)
        }
    }
}

/// Matchers, ready to be applied to labels that are no series': those of targets.
public struct LabelCondition {
    private let match: SelectorMatch

    /// - Throws: ``SelectorError`` for a regular expression that cannot be used.
    public init(_ matchers: SeriesMatchers) throws(SelectorError) {
        match = try SelectorMatch(SeriesSelector(metric: "", matchers: matchers.matchers))
    }

    /// - Parameter value: of the label of a name; empty for a label that is absent.
    public func holds(_ value: (String) -> String) -> Bool { match.holds(value) }
}

extension SelectorMatch {
    fileprivate func holds(_ value: (String) -> String) -> Bool { tests.allSatisfy { $0.holds(value($0.label)) } }
}
