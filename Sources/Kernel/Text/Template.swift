import Model
import Support

/// Fills in labels and annotations. The names are those that ConfigurationFiles accepts; an unknown one cannot get here from
/// there and is left as it is.
struct Template: Sendable {
    let rule: RulePlan
    let evidence: Evidence
    let release: String

    /// Labels and annotations of an alert, expanded. Labels first, because annotations may name them.
    func expanded() -> (labels: [TextPair], annotations: [TextPair]) {
        let labels = rule.labels.map { TextPair($0.name, expand($0.value, labels: [])) }
        return (labels, rule.annotations.map { TextPair($0.name, expand($0.value, labels: labels)) })
    }

    private func expand(_ text: String, labels: [TextPair]) -> String {
        guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
        var result = ""
        var rest = Substring(text)
        while let open = rest.firstRange(of: "{{") {
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else { break }
            result += rest[..<open.lowerBound]
            let name = Template.trimmed(rest[open.upperBound..<close.lowerBound])
            result += value(of: name, labels: labels) ?? String(rest[open.lowerBound..<close.upperBound])
            rest = rest[close.upperBound...]
        }
        return result + rest
    }

    private func value(of name: Substring, labels: [TextPair]) -> String? {
        switch name {
        case "canary": return NumberText.value(evidence.canary.value, of: rule.indicator)
        case "baseline": return NumberText.value(evidence.baseline.value, of: rule.indicator)
        case "$value": return evidence.canary.value.map { "\($0)" } ?? "NaN"
        case "release": return release
        case "canary_version": return evidence.canary.version
        case "baseline_version": return evidence.baseline.version
        default:
            guard name.hasPrefix("$labels.") else { return nil }
            let label = name.dropFirst("$labels.".count)
            return labels.first { $0.name == label }?.value ?? ""
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
