import Model

@testable import ConfigurationFiles

/// What must hold for every text of `when`.
enum ConditionProperties {
    private static let indicators: [Indicator?] = [nil, .errorRate, .requestRate, .latencyMean]

    static func broken(by input: [UInt8]) -> String? {
        let text = String(decoding: input.prefix(4_000), as: UTF8.self)
        let results = indicators.map { read(text, $0) }
        for (indicator, result) in zip(indicators, results) {
            switch result {
            case .failure(let error):
                if let flaw = ill(error, text) { return flaw }
            case .success(let condition):
                if let flaw = unstable(condition, text, indicator) ?? misjudged(condition) { return flaw }
                if let flaw = stranger(condition, to: results[0]) { return flaw }
            }
        }
        return nil
    }

    /// Without an indicator it is the same condition. Only its units may not fit: `1s / canary` is a ratio of latencies, and a
    /// time when the canary's value is unknown.
    private static func stranger(_ condition: Condition, to bare: Result<Condition, ConditionError>) -> String? {
        switch bare {
        case .success(condition): return nil
        case .success: return "another condition without an indicator"
        case .failure(let error):
            return error.text.contains(" cannot be ") ? nil : "without an indicator: \(error.text)"
        }
    }

    private static func read(_ text: String, _ indicator: Indicator?) -> Result<Condition, ConditionError> {
        Result { () throws(ConditionError) in try ConditionParser.condition(text, of: indicator) }
    }

    private static func ill(_ error: ConditionError, _ text: String) -> String? {
        let length = text.unicodeScalars.count
        if error.offset < 0 || error.offset > length { return "character \(error.offset) of \(length): \(error.text)" }
        return MessageText.flaw(in: error.text)
    }

    /// Blanks and brackets around it change nothing.
    private static func unstable(_ condition: Condition, _ text: String, _ indicator: Indicator?) -> String? {
        let narrow = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard case .success(condition) = read(narrow, indicator) else { return "other blanks, another condition" }
        switch read("( \(text) )", indicator) {
        case .success(condition): return nil
        case .success: return "brackets around it made another condition of it"
        case .failure(let error):
            let isBound = error.text.contains("nested deeper") || error.text.contains("more than")
            return isBound ? nil : "brackets around it made it invalid: \(error.text)"
        }
    }

    /// What is decided without a pool's value stays so whatever the value is.
    private static func misjudged(_ condition: Condition) -> String? {
        let values: [Double] = [0, 0.01, 1, 1e300, -1, .infinity, .nan]
        for known in values {
            let blind = (
                canary: condition.holds(IndicatorValues(baseline: known, canary: nil)),
                baseline: condition.holds(IndicatorValues(baseline: nil, canary: known))
            )
            for other in values {
                if let answer = blind.canary, condition.holds(IndicatorValues(baseline: known, canary: other)) != answer
                {
                    return "\(answer) without the canary, another answer when it is \(other) (baseline \(known))"
                }
                if let answer = blind.baseline,
                    condition.holds(IndicatorValues(baseline: other, canary: known)) != answer
                {
                    return "\(answer) without the baseline, another answer when it is \(other) (canary \(known))"
                }
            }
        }
        return nil
    }
}
