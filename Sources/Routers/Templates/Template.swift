/// A text with `${name | filter}` in it; `$${` is a literal `${`.
struct Template: Sendable, Equatable {
    struct Expression: Sendable, Equatable {
        let variable: TemplateVariable
        let filters: [Filter]
    }

    enum Part: Sendable, Equatable {
        case literal(String)
        case expression(Expression)
    }

    let parts: [Part]

    /// - Throws: ``RouterPlanError`` for an unknown name or filter, or a `${` without its end.
    init(_ text: String, names: TemplateNames) throws(RouterPlanError) {
        guard text.utf8.count <= 65_536 else { throw RouterPlanError("a template is longer than 65536 bytes") }
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            literal += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                literal += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                guard let end = rest.firstIndex(of: "}") else {
                    throw RouterPlanError("\"\(ShownText.line(text, limit: 80))\": a \"${\" has no \"}\"")
                }
                parts.append(.expression(try Template.expression(rest[..<end].dropFirst(2), names)))
                rest = rest[end...].dropFirst()
            } else {
                literal += "$"
                rest = rest.dropFirst()
            }
        }
        literal += rest
        if !literal.isEmpty || parts.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    var usesSplit: Bool {
        parts.contains { part in
            if case .expression(let expression) = part { return expression.variable.isOfSplit }
            return false
        }
    }

    /// The text when there is nothing to fill in.
    var constant: String? {
        guard parts.count == 1, case .literal(let text)? = parts.first else { return nil }
        return text
    }

    /// A template that is one expression alone keeps the value's type.
    func value(_ scope: TemplateScope) throws(Refusal) -> JSONValue {
        if parts.count == 1, case .expression(let expression)? = parts.first {
            return try Template.value(expression, scope)
        }
        return .text(try text(scope))
    }

    func text(_ scope: TemplateScope) throws(Refusal) -> String {
        var out = ""
        for part in parts {
            switch part {
            case .literal(let text): out += text
            case .expression(let expression): out += try Template.value(expression, scope).plainText
            }
        }
        return out
    }

    /// For a URL: a value is percent-encoded, so that it cannot add a path or a query of its own, unless its last filter
    /// is `url` (it is already) or `raw` (it shall be as it is).
    func address(_ scope: TemplateScope) throws(Refusal) -> String {
        var out = ""
        for part in parts {
            switch part {
            case .literal(let text): out += text
            case .expression(let expression):
                let text = try Template.value(expression, scope).plainText
                let isFinal = expression.filters.last == .url || expression.filters.last == .raw
                let isPlaceholder = scope.isShown && expression.isCaptured
                out += isFinal || isPlaceholder ? text : PercentEncoding.encode(text)
            }
        }
        return out
    }

    private static func value(_ expression: Expression, _ scope: TemplateScope) throws(Refusal) -> JSONValue {
        if scope.isShown, case .captured(let name) = expression.variable { return .text("<\(name)>") }
        do {
            var value = scope.value(expression.variable)
            for filter in expression.filters { value = try filter.apply(value) }
            return value
        } catch {
            throw Refusal(.rejected, "a value for the call \(error.reason)")
        }
    }

    private static func expression(_ text: Substring, _ names: TemplateNames) throws(RouterPlanError) -> Expression {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map { PlainSpace.trim(String($0)) }
        let variable = try names.find(parts.first ?? "")
        return Expression(variable: variable, filters: try Filter.all(Array(parts.dropFirst())))
    }
}

extension Template.Expression {
    var isCaptured: Bool {
        if case .captured = variable { return true }
        return false
    }
}
