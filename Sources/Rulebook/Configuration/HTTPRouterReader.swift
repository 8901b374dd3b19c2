import ReleaseKernel

/// Reads `kind: http`, a router described by templates.
struct HTTPRouterReader {
    let folder: ConfigurationFolder

    private static let names =
        ["kind", "instances", "unix_socket", "total", "variables", "set", "read_back"] + Fields.securityNames

    func router(_ field: Field) -> HTTPRouterPlan? {
        guard let fields = field.fields(of: "an http router", HTTPRouterReader.names) else { return nil }
        let instances = fields.required("instances")?.instances()
        let templates = RouterTemplates(router: field.value, setsSplit: true)
        let steps = fields.required("set").flatMap { self.steps($0, templates) }
        var plan = HTTPRouterPlan(instances: instances ?? [], set: steps ?? [])
        plan.unixSocket = fields["unix_socket"]?.line(limit: 100).map(folder.wholePath)
        plan.total = fields["total"]?.integer(1...1_000_000) ?? plan.total
        plan.variables = variables(fields["variables"])
        let readTemplates = RouterTemplates(router: field.value, setsSplit: false)
        plan.readBack = fields["read_back"].flatMap { readBack($0, readTemplates) }
        plan.security = fields.security(folder)
        return instances == nil || steps == nil ? nil : plan
    }

    private func variables(_ field: Field?) -> [TextPair] {
        guard let pairs = field?.pairs() else { return [] }
        return pairs.compactMap { name, namePlace, value in
            guard NameRules.isVariable(name) else {
                value.log.error(namePlace, "\(Quote.value(name)) is no name of a variable; use letters, digits and '_'")
                return nil
            }
            if let refusal = SecretFields.refusal(of: name, known: []) {
                value.log.error(namePlace, refusal + " under 'auth' of the router")
                return nil
            }
            return value.text().map { TextPair(name, $0) }
        }
    }

    private func steps(_ field: Field, _ templates: RouterTemplates) -> [HTTPRouterPlan.Step]? {
        guard let entries = field.entries(of: "steps") else { return nil }
        if entries.isEmpty { field.fail("\(field.label) is empty; it needs at least one step") }
        if entries.count > 20 { field.fail("\(field.label) has more than 20 steps") }
        let steps = entries.compactMap { HTTPStepReader(templates: templates).step($0) }
        return steps.count == entries.count && !steps.isEmpty ? steps : nil
    }

    private func readBack(_ field: Field, _ templates: RouterTemplates) -> HTTPRouterPlan.ReadBack? {
        guard let fields = field.fields(of: "'read_back'", ["steps", "canary", "baseline"]) else { return nil }
        let steps = fields.required("steps").flatMap { self.steps($0, templates) }
        let canary = fields.required("canary").flatMap(weight)
        let baseline = fields["baseline"].flatMap(weight)
        guard let steps, let canary else { return nil }
        return HTTPRouterPlan.ReadBack(steps: steps, canary: canary, baseline: baseline)
    }

    private func weight(_ field: Field) -> HTTPRouterPlan.WeightPointer? { weight(field, of: "'read_back'") }

    /// Where an answer or a value holds a weight.
    func weight(_ field: Field, of whole: String) -> HTTPRouterPlan.WeightPointer? {
        let owner = "\(field.label) of \(whole)"
        guard let fields = field.fields(of: owner, ["pointer", "filters", "then"]) else { return nil }
        guard let pointer = fields.required("pointer")?.pointer() else { return nil }
        return HTTPRouterPlan.WeightPointer(
            pointer: pointer, filters: fields["filters"]?.filters() ?? [], then: fields["then"]?.pointer())
    }
}

extension Field {
    /// RFC 6901: empty, or begins with a slash.
    func pointer() -> String? {
        guard let text = text() else { return nil }
        guard text.isEmpty || text.hasPrefix("/") else {
            fail("\(label) must be a JSON pointer such as /weights/0, got \(Quote.value(text))")
            return nil
        }
        return text
    }
}
