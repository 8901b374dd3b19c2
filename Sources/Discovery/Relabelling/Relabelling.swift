/// Steps that change the labels of a target, or drop it, in their order: Prometheus' `relabel_configs`.
public struct Relabelling: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        case kept(LabelSet)
        /// By the step with this index.
        case dropped(by: Int)
        /// The labels would pass a bound. One sentence.
        case unusable(reason: String)
    }

    public let steps: [RelabelStep]

    public init(_ steps: [RelabelStep] = []) { self.steps = steps }

    /// What becomes of a target with these labels, those that begin with `__` included.
    public func outcome(of labels: LabelSet) -> Outcome {
        var labels = labels
        for (index, step) in steps.enumerated() {
            switch step.apply(to: &labels) {
            case .kept: break
            case .dropped: return .dropped(by: index)
            case .tooLong:
                return .unusable(
                    reason: "step \(index + 1) of its relabelling makes a text of more than "
                        + "\(SourceLimits.labelValueBytes) bytes")
            }
            guard labels.labels.count <= 2 * SourceLimits.labels else {
                return .unusable(
                    reason:
                        "it has more than \(2 * SourceLimits.labels) labels after step \(index + 1) of its relabelling")
            }
        }
        return .kept(labels)
    }
}

extension RelabelStep {
    enum Effect { case kept, dropped, tooLong }

    /// Labels that an action goes through are those before the step, in the order of their names.
    func apply(to labels: inout LabelSet) -> Effect {
        switch rule.action {
        case .labelmap: return mapNames(&labels)
        case .labeldrop:
            labels.keep { !pattern.matches($0.name) }
            return .kept
        case .labelkeep:
            labels.keep { pattern.matches($0.name) }
            return .kept
        default: break
        }
        guard let joined = joined(labels) else { return .tooLong }
        switch rule.action {
        case .keep: return pattern.matches(joined) ? .kept : .dropped
        case .drop: return pattern.matches(joined) ? .dropped : .kept
        case .keepequal: return isTargetEqual(joined, labels) ? .kept : .dropped
        case .dropequal: return isTargetEqual(joined, labels) ? .dropped : .kept
        case .hashmod: labels[rule.targetLabel] = String(MD5.lastEightBytes(joined) % rule.modulus)
        case .lowercase: labels[rule.targetLabel] = LetterCase.lowered(joined)
        case .uppercase: labels[rule.targetLabel] = LetterCase.uppered(joined)
        case .replace: return replace(joined, &labels)
        case .labelmap, .labeldrop, .labelkeep: break
        }
        return .kept
    }

    /// Nil when it is too long.
    private func joined(_ labels: LabelSet) -> String? {
        var text = ""
        for (index, name) in rule.sourceLabels.enumerated() {
            if index > 0 { text += rule.separator }
            text += labels[name]
            if text.utf8.count > SourceLimits.labelValueBytes { return nil }
        }
        return text
    }

    /// Strings are equal when they resemble each other; Prometheus compares bytes.
    private func isTargetEqual(_ joined: String, _ labels: LabelSet) -> Bool {
        labels[rule.targetLabel].utf8.elementsEqual(joined.utf8)
    }

    /// Without a match, and for a name that is not valid, nothing changes; an empty text removes the label.
    private func replace(_ joined: String, _ labels: inout LabelSet) -> Effect {
        guard let captures = pattern.captures(in: joined) else { return .kept }
        guard let name = target.expanded(captures, limitBytes: SourceLimits.labelNameBytes),
            let value = replacement.expanded(captures, limitBytes: SourceLimits.labelValueBytes)
        else { return .tooLong }
        if LabelName.isValid(name) { labels[name] = value }
        return .kept
    }

    /// The labels whose names match are copied; of two that are copied to one name the later one counts.
    private func mapNames(_ labels: inout LabelSet) -> Effect {
        for label in labels.labels {
            guard let captures = pattern.captures(in: label.name) else { continue }
            guard let name = replacement.expanded(captures, limitBytes: SourceLimits.labelNameBytes) else {
                return .tooLong
            }
            labels[name] = label.value
        }
        return .kept
    }
}
