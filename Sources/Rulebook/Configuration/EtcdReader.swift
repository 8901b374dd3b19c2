import ReleaseKernel

/// Reads `kind: etcd`.
struct EtcdReader {
    let folder: ConfigurationFolder

    static let accessNames = ["endpoints"] + Fields.securityNames
    private static let names = ["kind", "key", "value", "canary", "baseline", "total"] + accessNames

    func etcd(_ field: Field) -> EtcdPlan? {
        guard let fields = field.fields(of: "an etcd router", EtcdReader.names) else { return nil }
        let access = access(fields)
        let key = fields.required("key")?.line()
        var plan = EtcdPlan(access: access ?? EtcdAccess(endpoints: []), key: key ?? "")
        plan.total = fields["total"]?.integer(1...1_000_000) ?? plan.total
        plan.value = fields["value"].flatMap { value($0, router: field) } ?? plan.value
        let reader = HTTPRouterReader(folder: folder)
        let canary = fields["canary"].flatMap { reader.weight($0, of: "an etcd router") }
        plan.canary = canary ?? plan.canary
        plan.baseline = fields["baseline"].flatMap { reader.weight($0, of: "an etcd router") }
        checkReadBack(plan, fields)
        return access == nil || key == nil ? nil : plan
    }

    /// Of a tree nobody would know where the share is.
    private func checkReadBack(_ plan: EtcdPlan, _ fields: Fields) {
        guard fields.has("value"), !fields.has("canary") else { return }
        if case .text = plan.value { return }
        fields.fail("an etcd router needs 'canary': {pointer: …} beside a 'value' that is a tree, to read it back")
    }

    func access(_ fields: Fields) -> EtcdAccess? {
        let security = fields.security(folder)
        switch security.authorization {
        case .bearer, .header:
            fields["auth"]?.fail("etcd knows users: write 'auth: {basic: {user: …, password_file: …}}'")
        case .basic, nil: break
        }
        return fields.required("endpoints")?.instances().map { EtcdAccess(endpoints: $0, security: security) }
    }

    private func value(_ field: Field, router: Field) -> HTTPRouterPlan.Body? {
        let templates = RouterTemplates(router: router.value, setsSplit: true)
        guard let body = BodyReader(templates: templates, log: field.log).body(field.value) else { return nil }
        if !EtcdReader.usesSplit(body) {
            field.fail(
                "'value' has no template of the split, such as ${percent.canary} or ${weight.canary}; it would never change"
            )
        }
        return body
    }

    private static func usesSplit(_ body: HTTPRouterPlan.Body) -> Bool {
        switch body {
        case .text(let text):
            ["${weight.", "${percent.", "${basis_points."].contains { text.replacing(" ", with: "").contains($0) }
        case .list(let items): items.contains(where: usesSplit)
        case .object(let members): members.contains { usesSplit($0.value) || usesSplit(.text($0.name)) }
        case .null, .bool, .number: false
        }
    }
}
