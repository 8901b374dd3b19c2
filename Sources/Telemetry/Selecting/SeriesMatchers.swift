/// Label matchers without a metric: `{server="new1",proxy=~"check.*"}`. They pick the series of one pool where a scrape
/// body has those of both.
public struct SeriesMatchers: Sendable, Equatable, Codable {
    /// Every one must hold. Empty takes every series.
    public var matchers: [SeriesSelector.Matcher]

    public init(_ matchers: [SeriesSelector.Matcher] = []) { self.matchers = matchers }

    /// Reads `{label="value",other=~"regex"}`; an empty pair of braces is an error.
    ///
    /// - Throws: ``SelectorError`` with the place.
    public init(parsing text: String) throws(SelectorError) {
        var parser = SelectorParser(text)
        matchers = try parser.matchersAlone()
    }

    public var isEmpty: Bool { matchers.isEmpty }

    /// Whether series without any of the labels are taken as well.
    ///
    /// - Throws: ``SelectorError`` for a regular expression that cannot be used.
    public func takeUnlabelled() throws(SelectorError) -> Bool {
        try SelectorMatch(SeriesSelector(metric: "", matchers: matchers)).matches([])
    }

    /// The selector with these matchers added to its own.
    public func narrowing(_ selector: SeriesSelector) -> SeriesSelector {
        SeriesSelector(metric: selector.metric, matchers: selector.matchers + matchers)
    }

    /// What is known of two sets of matchers without a scrape body.
    public enum Relation: Equatable {
        /// No series can satisfy both.
        case apart
        /// A series that satisfies both can be made.
        case overlapping
        /// Two regular expressions on the same label: not decided here.
        case unknown
    }

    public func relation(to other: SeriesMatchers) -> Relation {
        var isUndecided = false
        for one in matchers {
            for another in other.matchers where another.label == one.label {
                switch SeriesMatchers.areApart(one, another) {
                case true?: return .apart
                case false?: continue
                case nil: isUndecided = true
                }
            }
        }
        return isUndecided ? .unknown : .overlapping
    }

    /// Nil where it is not decided.
    private static func areApart(_ one: SeriesSelector.Matcher, _ other: SeriesSelector.Matcher) -> Bool? {
        if one.comparison == .equal { return !holds(other, for: one.value) }
        if other.comparison == .equal { return !holds(one, for: other.value) }
        let areOpposites: Bool =
            switch (one.comparison, other.comparison) {
            case (.matches, .doesNotMatch), (.doesNotMatch, .matches): one.value == other.value
            default: false
            }
        if areOpposites { return true }
        return one.comparison == .matches && other.comparison == .matches ? nil : false
    }

    private static func holds(_ matcher: SeriesSelector.Matcher, for value: String) -> Bool {
        guard let match = try? SelectorMatch(SeriesSelector(metric: "m", matchers: [matcher])) else { return true }
        return match.matches([ExpositionSample.Label(name: matcher.label, value: value)])
    }
}

extension SeriesMatchers: CustomStringConvertible {
    /// `{server="new1"}`. Reads back as the same matchers.
    public var description: String { "{" + matchers.map(\.description).joined(separator: ",") + "}" }
}

extension WatchList {
    /// The same indicators, of one pool's series alone.
    public func narrowed(by matchers: SeriesMatchers) -> WatchList {
        guard !matchers.isEmpty else { return self }
        var list = self
        list.requestCounters = requestCounters.map(matchers.narrowing)
        list.errorCounters = errorCounters.map(matchers.narrowing)
        list.latency = latency.map(matchers.narrowing)
        list.presence = presence.map(matchers.narrowing)
        for index in list.signals.indices {
            list.signals[index].selector = matchers.narrowing(list.signals[index].selector)
        }
        return list
    }
}
