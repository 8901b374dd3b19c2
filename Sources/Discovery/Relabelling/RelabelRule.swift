import Support

/// One step of relabelling as it is written, with the names and the defaults of Prometheus' `relabel_config`.
public struct RelabelRule: Sendable, Equatable {
    public enum Action: String, Sendable, CaseIterable {
        case replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase
    }

    /// The fields, by the names that configurations give them.
    public enum Field: String, Sendable, CaseIterable {
        case action
        case sourceLabels = "source_labels"
        case separator
        case regex
        case modulus
        case targetLabel = "target_label"
        case replacement
    }

    public var action = Action.replace
    /// The labels whose values are joined by the separator. One that is absent gives an empty text.
    public var sourceLabels: [String] = []
    public var separator = ";"
    /// Must match the whole joined text, or, for the actions `label…`, the whole name of a label.
    public var regex = "(.*)"
    /// Of `hashmod`; 0 where it is not set.
    public var modulus: UInt64 = 0
    /// Empty where it is not set. For `replace` it may refer to groups of the expression.
    public var targetLabel = ""
    /// Refers to groups of the expression as `$1`, `${1}` and `${name}`; `$$` is a dollar sign.
    public var replacement = "$1"

    public init() {}
}

/// Why a step of relabelling cannot be used.
public struct RelabelError: Error, Equatable {
    /// The field that has to change.
    public let field: RelabelRule.Field
    public let reason: String

    /// - Parameter reason: may repeat parts of what is written.
    init(field: RelabelRule.Field, reason: String) {
        self.field = field
        self.reason = ForeignText.line(reason)
    }
}
