import Declarations
import Model

/// One call of an http router.
struct HTTPStepReader {
    typealias Step = HTTPRouterPlan.Step

    let templates: () -> RouterTemplates

    private static let methods = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"]

    var section: Section<Step> {
        Section(
            owner: "a step", blank: Step(url: ""), settings: request + answer,
            finish: { step, fields in
                if !fields.has("conflict") { step.conflict = step.conflict.filter { !step.expect.contains($0) } }
                if let both = step.expect.first(where: step.conflict.contains) {
                    fields["conflict"]?.fail("status \(both) is listed in 'expect' and in 'conflict'")
                }
                return true
            })
    }

    private var request: [Setting<Step>] {
        let url = ValueForm<String>(
            summary: "path or URL", schema: .typed("string"), read: address, write: { .text($0) })
        return [
            .value("method", \.method, .choice(Self.methods), "the HTTP method"),
            .required("url", \.url, url, "an absolute URL, or a path on the instance"),
            .pairs("headers", \.headers, summary: "mapping of names to texts", "headers of the request") { fields in
                let headers = fields.headers()
                let templates = templates()
                fields["headers"]?.pairs()?.forEach { templates.check($0.field) }
                return headers
            },
            body,
            .value("timeout", \.timeoutMs, .duration(), "limit of the call"),
        ]
    }

    /// `body: null` is a body, so that the value is asked for itself.
    private var body: Setting<Step> {
        let form = BodyForms.form(templates)
        return Setting(
            names: ["body"], summary: form.summary, shownDefault: .text("none"),
            sentence: "the body: a text is sent as it is, a mapping or a list as JSON",
            properties: [("body", .anything)],
            read: { fields, step in
                step.body = fields.present("body").flatMap(form.read)
                return true
            },
            write: { step in step.body.map { [("body", form.write($0))] } ?? [] })
    }

    private var answer: [Setting<Step>] {
        let statuses = ValueForm<[Int]>(
            summary: "status or list of statuses",
            schema: .anyOf([.integer(100...599), .array(of: .integer(100...599))]), read: statuses,
            write: { .list($0.map { .plain("\($0)") }) })
        return [
            .value("expect", \.expect, statuses, "statuses that are a success"),
            .value(
                "conflict", \.conflict, statuses, "statuses that mean that another client changed the split meanwhile"),
            .optional("body_equals", \.bodyEquals, .text, "the whole answer, without surrounding white space"),
            Setting.value(
                "require", \.require, requirements, shownDefault: "none",
                "`{pointer, filters, equals, conflict}`: what the JSON answer must hold; `conflict: true` makes a "
                    + "difference a conflict"
            ).written { !$0.require.isEmpty },
            Setting.value(
                "capture", \.capture, captureForm, shownDefault: "none",
                "`NAME: {header: H}` or `NAME: {pointer: /p}`, for `${NAME}` in later steps"
            ).written { !$0.capture.isEmpty },
        ]
    }

    /// Absolute, or a path on the instance. What templates fill in cannot be checked here.
    private func address(_ field: Field) -> String? {
        guard let text = field.line(limit: 4_000) else { return nil }
        templates().check(field)
        if text.hasPrefix("/") || text.hasPrefix("${") { return text }
        if text.contains("${") {
            guard text.hasPrefix("http://") || text.hasPrefix("https://"), !text.contains("@") else {
                return field.refuse("a path, or a URL without credentials")
            }
            return text
        }
        return WebAddress.isURL(text) ? field.url()?.text : field.refuse("a path that begins with '/', or a URL")
    }

    /// One status or a list.
    private func statuses(_ field: Field) -> [Int]? {
        if case .text = field.value.content { return field.integer(100...599).map { [$0] } }
        guard let entries = field.entries(of: "HTTP statuses") else { return nil }
        guard entries.count <= 100 else {
            field.fail("\(field.label) has more than 100 statuses")
            return nil
        }
        return entries.compactMap { $0.integer(100...599) }
    }

    // MARK: Requirements and captures

    private var requirements: ValueForm<[HTTPRouterPlan.Requirement]> {
        ValueForm(
            summary: "list of mappings", schema: .array(of: requirement.schema),
            read: { $0.entries(of: "requirements")?.compactMap { requirement.read($0) } },
            write: { .list($0.map(requirement.tree)) })
    }

    private var requirement: Section<HTTPRouterPlan.Requirement> {
        let body = BodyForms.form(templates)
        let equals = Setting<HTTPRouterPlan.Requirement>(
            names: ["equals"], summary: "any value", shownDefault: .required, sentence: "the value",
            properties: [("equals", .anything)],
            read: { fields, requirement in
                // `equals: null` is a value.
                guard let field = fields.present("equals") else {
                    fields.fail("a requirement needs 'equals'")
                    return false
                }
                requirement.equals = body.read(field) ?? .null
                return true
            },
            write: { [("equals", body.write($0.equals))] })
        let filters = ValueForm<[String]>(
            summary: "list of filters", schema: .array(of: .choice(RouterTemplates.filters)), read: { $0.filters() },
            write: { .list($0.map { .text($0) }) })
        return Section(
            owner: "a requirement", blank: HTTPRouterPlan.Requirement(pointer: "", equals: .null),
            settings: [
                .required("pointer", \.pointer, .pointer, "where the value is"),
                .value("filters", \.filters, filters, shownDefault: "none", "applied to it in order"), equals,
                .value("conflict", \.isConflict, .bool, "a difference is a conflict"),
            ])
    }

    private var captureForm: ValueForm<[HTTPRouterPlan.Capture]> {
        let origin = SchemaNode.object([
            ("type", .text("object")),
            ("properties", .object([("header", .typed("string")), ("pointer", .typed("string"))])),
            ("additionalProperties", .flag(false)), ("minProperties", .number(1)), ("maxProperties", .number(1)),
        ])
        return ValueForm(
            summary: "mapping", schema: .mapping(of: origin), read: captures,
            write: { captures in
                .mapping(
                    captures.map { capture in
                        switch capture.origin {
                        case .header(let name): (capture.variable, .mapping([("header", .text(name))]))
                        case .pointer(let pointer): (capture.variable, .mapping([("pointer", .text(pointer))]))
                        }
                    })
            })
    }

    private func captures(_ field: Field) -> [HTTPRouterPlan.Capture]? {
        guard let pairs = field.pairs() else { return [] }
        return pairs.compactMap { name, namePlace, value in
            guard NameRules.isVariable(name) else {
                value.log.error(
                    namePlace, "\(Quote.value(name)) is not a valid name of a variable; use letters, digits and '_'")
                return nil
            }
            let fields = value.fields(of: "the capture \(Quote.value(name))", ["header", "pointer"])
            guard let fields, let origin = fields.requiredOne(of: ["header", "pointer"]) else { return nil }
            if origin == "pointer" {
                return fields["pointer"]?.pointer().map { .init(variable: name, origin: .pointer($0)) }
            }
            guard let header = fields["header"], let headerName = header.line() else { return nil }
            if !NameRules.isHeader(headerName) { header.fail("\(Quote.value(headerName)) is not a valid header name") }
            return .init(variable: name, origin: .header(headerName))
        }
    }
}

/// Any YAML, as a request's body or a value to compare with.
enum BodyForms {
    static func form(_ templates: @escaping () -> RouterTemplates) -> ValueForm<HTTPRouterPlan.Body> {
        ValueForm(
            summary: "any value", schema: .anything,
            read: { BodyReader(templates: templates(), log: $0.log).body($0.value) }, write: tree)
    }

    private static func tree(_ body: HTTPRouterPlan.Body) -> YAMLTree {
        switch body {
        case .null: .plain("null")
        case .bool(let value): .plain("\(value)")
        case .number(let value): .plain(abs(value) < 1e15 ? PlainNumber.text(value) : "\(value)")
        case .text(let text): .text(text)
        case .list(let items): .list(items.map(tree))
        case .object(let members): .mapping(members.map { ($0.name, tree($0.value)) })
        }
    }
}

/// Turns any YAML into a request's body.
struct BodyReader {
    let templates: RouterTemplates
    let log: DiagnosticLog

    /// Unquoted `null`, `true`, `false` and JSON numbers are read as such; everything else is text.
    func body(_ value: YAMLValue) -> HTTPRouterPlan.Body? {
        switch value.content {
        case .text(let text, let style): return self.text(text, style, value)
        case .unusable: return nil
        case .list(let values): return .list(values.compactMap(body))
        case .mapping(let members):
            return .object(
                members.compactMap { member in body(member.value).map { .init(name: member.name, value: $0) } })
        }
    }

    private func text(_ text: String, _ style: YAMLValue.Style, _ value: YAMLValue) -> HTTPRouterPlan.Body? {
        let field = Field(label: "a text in the body", value: value, log: log)
        guard style == .plain else {
            templates.check(field)
            return .text(text)
        }
        if value.isNothing { return .null }
        if text == "true" || text == "false" { return .bool(text == "true") }
        if BodyReader.isJSONNumber(text) {
            guard let number = Double(text), number.isFinite, BodyReader.isExact(text, number) else {
                field.fail("\(Quote.value(text)) is too large for a JSON number; put it in quotes")
                return nil
            }
            return .number(number)
        }
        templates.check(field)
        return .text(text)
    }

    /// Whole numbers beyond 2^53 would be sent as another one.
    private static func isExact(_ text: String, _ number: Double) -> Bool {
        guard text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 0x2D }) else { return true }
        return abs(number) <= 9_007_199_254_740_992
    }

    /// RFC 8259, "number".
    static func isJSONNumber(_ text: String) -> Bool {
        var rest = Substring(text)
        if rest.first == "-" { rest.removeFirst() }
        let whole = rest.prefix { ("0"..."9").contains($0) }
        guard !whole.isEmpty, whole == "0" || whole.first != "0" else { return false }
        rest = rest.dropFirst(whole.count)
        if rest.first == "." {
            let fraction = rest.dropFirst().prefix { ("0"..."9").contains($0) }
            guard !fraction.isEmpty else { return false }
            rest = rest.dropFirst(fraction.count + 1)
        }
        if rest.first == "e" || rest.first == "E" {
            rest = rest.dropFirst()
            if rest.first == "+" || rest.first == "-" { rest = rest.dropFirst() }
            guard !rest.isEmpty else { return false }
            rest = rest.drop { ("0"..."9").contains($0) }
        }
        return rest.isEmpty
    }
}
