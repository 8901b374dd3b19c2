import Model

/// A body of the plan with its templates read: a JSON tree, in which no value can break out of its place, or a plain text.
indirect enum BodyTemplate: Sendable, Equatable {
    struct Field: Sendable, Equatable {
        let name: Template
        let value: BodyTemplate
    }

    case constant(JSONValue)
    case template(Template)
    case list([BodyTemplate])
    case object([Field])

    init(_ body: HTTPRouterPlan.Body, names: TemplateNames, depth: Int = 0) throws(RouterPlanError) {
        guard depth < JSONParser.depthLimit else {
            throw RouterPlanError("a body is nested deeper than \(JSONParser.depthLimit)")
        }
        switch body {
        case .null: self = .constant(.null)
        case .bool(let value): self = .constant(.bool(value))
        case .number(let value):
            guard value.isFinite else { throw RouterPlanError("a number in a body is not finite") }
            self = .constant(.number(value))
        case .text(let text): self = .template(try Template(text, names: names))
        case .list(let items):
            var list: [BodyTemplate] = []
            for item in items { list.append(try BodyTemplate(item, names: names, depth: depth + 1)) }
            self = .list(list)
        case .object(let members):
            var fields: [Field] = []
            for member in members {
                let name = try Template(member.name, names: names)
                fields.append(Field(name: name, value: try BodyTemplate(member.value, names: names, depth: depth + 1)))
            }
            self = .object(fields)
        }
    }

    var usesSplit: Bool {
        switch self {
        case .constant: false
        case .template(let template): template.usesSplit
        case .list(let items): items.contains(where: \.usesSplit)
        case .object(let fields): fields.contains { $0.name.usesSplit || $0.value.usesSplit }
        }
    }

    /// At the top of a body a text is sent as it is; inside a tree it is a JSON text.
    var isPlainText: Bool {
        if case .template = self { return true }
        return false
    }

    func value(_ scope: TemplateScope) throws(Refusal) -> JSONValue {
        switch self {
        case .constant(let value): return value
        case .template(let template): return try template.value(scope)
        case .list(let items):
            var list: [JSONValue] = []
            for item in items { list.append(try item.value(scope)) }
            return .list(list)
        case .object(let fields):
            var members: [JSONMember] = []
            for field in fields {
                members.append(JSONMember(name: try field.name.text(scope), value: try field.value.value(scope)))
            }
            return .object(members)
        }
    }

    func text(_ scope: TemplateScope) throws(Refusal) -> String {
        if case .template(let template) = self { return try template.text(scope) }
        return try value(scope).encoded
    }
}
