import Telemetry

/// A step of relabelling that has been checked.
public struct RelabelStep: Sendable, Equatable {
    public let rule: RelabelRule
    let pattern: LabelPattern
    let target: ReplacementTemplate
    let replacement: ReplacementTemplate

    /// - Throws: ``RelabelError`` for what Prometheus refuses.
    public init(_ rule: RelabelRule) throws(RelabelError) {
        self.rule = rule
        do throws(PatternError) { pattern = try LabelPattern(rule.regex) } catch {
            throw RelabelError(field: .regex, reason: error.reason)
        }
        target = ReplacementTemplate(rule.targetLabel)
        replacement = ReplacementTemplate(rule.replacement)
        try rule.check()
    }

    /// Steps are equal when they are written alike.
    public static func == (one: RelabelStep, other: RelabelStep) -> Bool { one.rule == other.rule }

    /// What is probably not meant: the field and a sentence. Such a step does what Prometheus does with it.
    public var warnings: [(field: RelabelRule.Field, text: String)] {
        var warnings: [(field: RelabelRule.Field, text: String)] = []
        let templates = [
            (RelabelRule.Field.targetLabel, target, rule.targetLabel),
            (.replacement, replacement, rule.replacement),
        ]
        guard rule.action == .replace || rule.action == .labelmap else { return [] }
        for (field, template, written) in templates {
            for name in template.unknownVariables(groupNames: pattern.groupNames) {
                warnings.append((field, RelabelStep.warning(name, in: written, isNumber: Int(name) != nil)))
            }
        }
        return warnings
    }

    private static func warning(_ name: String, in written: String, isNumber: Bool) -> String {
        let isBraced = written.contains("${\(name)}")
        let shown = isBraced ? "${\(name)}" : "$\(name)"
        let digits = name.prefix { ("0"..."9").contains($0) }
        let rest = name.dropFirst(digits.count)
        let hint = digits.isEmpty || rest.isEmpty || isBraced ? "" : "; write ${\(digits)}\(rest) for group \(digits)"
        return
            "\(shown) is \(isNumber ? "group" : "the variable") \(name), which the regular expression does not have, "
            + "so it is empty\(hint)"
    }
}

extension RelabelRule {
    /// What Prometheus refuses beside expressions that cannot be compiled.
    fileprivate func check() throws(RelabelError) {
        for name in sourceLabels where !LabelName.isValid(name) {
            throw RelabelError(field: .sourceLabels, reason: "'\(name)' is not a valid name of a label")
        }
        switch action {
        case .replace: try checkTemplate()
        case .hashmod:
            try checkTarget()
            if modulus == 0 { throw RelabelError(field: .modulus, reason: "hashmod needs 'modulus', 1 or more") }
        case .lowercase, .uppercase:
            try checkTarget()
            try refuse([.replacement])
        case .keepequal, .dropequal:
            try checkTarget()
            try refuse([.separator, .regex, .modulus, .replacement])
        case .labeldrop, .labelkeep: try refuse([.sourceLabels, .targetLabel, .separator, .modulus, .replacement])
        case .labelmap:
            guard LabelName.isValidTemplate(replacement) else {
                throw RelabelError(field: .replacement, reason: "it cannot give a valid name of a label")
            }
        case .keep, .drop: break
        }
    }

    private func checkTemplate() throws(RelabelError) {
        guard targetLabel.contains("$") else { return try checkTarget() }
        guard LabelName.isValidTemplate(targetLabel) else {
            throw RelabelError(field: .targetLabel, reason: "it cannot give a valid name of a label")
        }
    }

    private func checkTarget() throws(RelabelError) {
        guard !targetLabel.isEmpty else {
            throw RelabelError(field: .targetLabel, reason: "the action \(action.rawValue) needs 'target_label'")
        }
        guard LabelName.isValid(targetLabel) else {
            throw RelabelError(field: .targetLabel, reason: "'\(targetLabel)' is not a valid name of a label")
        }
    }

    private func refuse(_ fields: [Field]) throws(RelabelError) {
        for field in fields where isSet(field) {
            throw RelabelError(
                field: field, reason: "the action \(action.rawValue) does not use '\(field.rawValue)'; remove it")
        }
    }

    /// Whether a field differs from its default, which is what Prometheus asks as well.
    private func isSet(_ field: Field) -> Bool {
        let blank = RelabelRule()
        return switch field {
        case .action: action != blank.action
        case .sourceLabels: sourceLabels != blank.sourceLabels
        case .separator: separator != blank.separator
        case .regex: regex != blank.regex
        case .modulus: modulus != blank.modulus
        case .targetLabel: targetLabel != blank.targetLabel
        case .replacement: replacement != blank.replacement
        }
    }
}
