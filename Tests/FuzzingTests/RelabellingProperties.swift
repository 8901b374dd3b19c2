import Telemetry

@testable import Discovery

/// What must hold for every regular expression, every replacement and every value of relabelling.
enum RelabellingProperties {
    /// - Parameter input: expression, replacement and value, separated by bytes of 0.
    static func broken(by input: [UInt8]) -> String? {
        let parts = input.prefix(2_000).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 3 else { return nil }
        return matching(parts[0], parts[2]) ?? relabelling(parts[0], parts[1], parts[2])
    }

    /// A value that matches has groups that lie in it.
    private static func matching(_ text: String, _ value: String) -> String? {
        guard let pattern = try? LabelPattern(text) else { return nil }
        let captures = pattern.captures(in: value)
        guard pattern.matches(value) == (captures != nil) else { return "it matches with or without its groups" }
        guard let captures else { return nil }
        guard captures[0].map(String.init)?.utf8.elementsEqual(value.utf8) == true else {
            return "group 0 is not the value"
        }
        guard captures.count == pattern.groupNames.count + 1 else { return "\(captures.count) groups" }
        for group in 1..<max(1, captures.count) {
            guard let text = captures[group] else { continue }
            guard text.utf8.count <= value.utf8.count else { return "group \(group) is longer than the value" }
        }
        return nil
    }

    private static func relabelling(_ regex: String, _ replacement: String, _ value: String) -> String? {
        var rule = RelabelRule()
        (rule.regex, rule.replacement, rule.sourceLabels, rule.targetLabel) = (regex, replacement, ["a"], "b")
        let step: RelabelStep
        do throws(RelabelError) { step = try RelabelStep(rule) } catch { return MessageText.flaw(in: error.reason) }
        for warning in step.warnings {
            if let flaw = MessageText.flaw(in: warning.text) { return flaw }
        }
        guard case .kept(let labels) = Relabelling([step]).outcome(of: ["a": value, "b": "old"]) else { return nil }
        // Without a variable the replacement is what it says.
        if !replacement.contains("$"), step.pattern.matches(value), !labels["b"].utf8.elementsEqual(replacement.utf8) {
            return "the replacement became \(labels["b"])"
        }
        return step.pattern.matches(value) || labels["b"] == "old" ? nil : "no match, and yet a change"
    }
}
