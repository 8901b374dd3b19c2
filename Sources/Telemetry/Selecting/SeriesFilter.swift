/// Label matchers, ready to be asked for series that are not read from an exposition.
public struct SeriesFilter {
    private let matchers: SeriesMatchers
    private let tests: [SelectorMatch]

    /// - Throws: ``SelectorError`` for a regular expression that cannot be used.
    public init(_ matchers: SeriesMatchers) throws(SelectorError) {
        self.matchers = matchers
        var tests: [SelectorMatch] = []
        for matcher in matchers.matchers {
            tests.append(try SelectorMatch(SeriesSelector(metric: "", matchers: [matcher])))
        }
        self.tests = tests
    }

    /// Whether every matcher holds; an absent label has the empty value.
    ///
    /// - Parameter onlyPresent: matchers of labels that the series does not have are left out, for a series that describes the
    ///   target and not its requests.
    public func takes(_ labels: [(name: String, value: String)], onlyPresent: Bool = false) -> Bool {
        let labels = labels.map { ExpositionSample.Label(name: $0.name, value: $0.value) }
        return zip(matchers.matchers, tests).allSatisfy { matcher, test in
            onlyPresent && !labels.contains { $0.name == matcher.label } || test.matches(labels)
        }
    }
}
