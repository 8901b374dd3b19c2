public import Support

extension NumberText {
    /// A value as its indicator is spoken of.
    package static func value(_ value: Double?, of indicator: Indicator) -> String {
        value.map { text($0, indicator.measure) } ?? "no value"
    }

    public static func text(_ value: Double, _ measure: Indicator.Measure) -> String {
        switch measure {
        // A ratio above 1 is easier to read as a number: 2.5 retries by request.
        case .share: value <= 1 ? percent(value) : plain(value)
        case .perSecond: plain(value) + "/s"
        case .seconds: seconds(value)
        case .number: plain(value)
        }
    }
}
