import ReleaseKernel

/// Reads one call of an http router.
struct HTTPStepReader {
    let templates: RouterTemplates

    private static let names = [
        "method", "url", "headers", "body", "timeout", "expect", "conflict", "body_equals", "require", "capture",
    ]
    private static let methods = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"]

    func step(_ field: Field) -> HTTPRouterPlan.Step? {
        guard let fields = field.fields(of: "a step", HTTPStepReader.names) else { return nil }
        let url = fields.required("url").flatMap(address)
        var step = HTTPRouterPlan.Step(url: url ?? "")
        step.method = fields["method"]?.choice(HTTPStepReader.methods) ?? step.method
        step.headers = fields.headers()
        fields["headers"]?.pairs()?.forEach { templates.check($0.field) }
        // `body: null` is a body, so the value is asked for itself.
        step.body = field.value.member("body").flatMap {
            BodyReader(templates: templates, log: field.log).body($0.value)
        }
        step.timeoutMs = fields["timeout"]?.durationMs() ?? step.timeoutMs
        step.expect = fields["expect"].flatMap(statuses) ?? step.expect
        let conflict = fields["conflict"].flatMap(statuses)
        step.conflict = conflict ?? step.conflict.filter { !step.expect.contains($0) }
        step.bodyEquals = fields["body_equals"]?.text()
        step.require = fields["require"].flatMap(requirements) ?? []
        step.capture = fields["capture"].map(captures) ?? []
        if let both = step.expect.first(where: step.conflict.contains) {
            fields["conflict"]?.fail("status \(both) stands in 'expect' and in 'conflict'")
        }
        return url == nil ? nil : step
    }

    /// Absolute, or a path on the instance. What templates fill in cannot be checked here.
    private func address(_ field: Field) -> String? {
        guard let text = field.line(limit: 4_000) else { return nil }
        templates.check(field)
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

    private func requirements(_ field: Field) -> [HTTPRouterPlan.Requirement]? {
        field.entries(of: "requirements")?.compactMap { entry in
            let names = ["pointer", "filters", "equals", "conflict"]
            guard let fields = entry.fields(of: "a requirement", names) else { return nil }
            let pointer = fields.required("pointer")?.pointer()
            guard let equals = entry.value.member("equals") else {
                fields.fail("a requirement needs 'equals'")
                return nil
            }
            return HTTPRouterPlan.Requirement(
                pointer: pointer ?? "", filters: fields["filters"]?.filters() ?? [],
                equals: BodyReader(templates: templates, log: field.log).body(equals.value) ?? .null,
                isConflict: fields["conflict"]?.bool() ?? false)
        }
    }

    private func captures(_ field: Field) -> [HTTPRouterPlan.Capture] {
        guard let pairs = field.pairs() else { return [] }
        return pairs.compactMap { name, namePlace, value in
            guard NameRules.isVariable(name) else {
                value.log.error(namePlace, "\(Quote.value(name)) is no name of a variable; use letters, digits and '_'")
                return nil
            }
            let fields = value.fields(of: "the capture \(Quote.value(name))", ["header", "pointer"])
            guard let fields, let origin = fields.requiredOne(of: ["header", "pointer"]) else { return nil }
            if origin == "pointer" {
                return fields["pointer"]?.pointer().map { .init(variable: name, origin: .pointer($0)) }
            }
            guard let header = fields["header"], let headerName = header.line() else { return nil }
            if !NameRules.isHeader(headerName) { header.fail("\(Quote.value(headerName)) is no header name") }
            return .init(variable: name, origin: .header(headerName))
        }
    }
}

/// Turns any YAML into a request's body.
struct BodyReader {
    let templates: RouterTemplates
    let log: MistakeLog

    /// Unquoted `null`, `true`, `false` and JSON numbers are what they look like; everything else is text.
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
