import ReleaseKernel

/// Reads `kind: nginx`: an include file, or an endpoint.
struct NginxReader {
    let folder: ConfigurationFolder

    private static let ofInclude = ["include", "command", "state_url", "includes", "split", "upstream"]
    private static let ofEndpoint = ["instances", "path"] + Fields.securityNames

    func nginx(_ field: Field) -> NginxPlan? {
        let names = ["kind"] + NginxReader.ofInclude + NginxReader.ofEndpoint
        guard let fields = field.fields(of: "an nginx router", names) else { return nil }
        let isEndpoint = fields.has("path") || fields.has("instances")
        for name in isEndpoint ? NginxReader.ofInclude : NginxReader.ofEndpoint where fields.has(name) {
            let other = isEndpoint ? "'instances' and 'path' (an endpoint)" : "an include"
            fields[name]?.fail("'\(name)' does not belong to \(other)")
        }
        return isEndpoint ? endpoint(fields).map { .endpoint($0) } : include(fields).map { .include($0) }
    }

    private func endpoint(_ fields: Fields) -> NginxEndpointPlan? {
        let instances = fields.required("instances")?.instances()
        let path = fields.required("path")?.line(limit: 200)
        if let path, !path.hasPrefix("/") || !PoolNames.isAddress(path) {
            fields["path"]?.fail("'path' must be a path such as /split/checkout, got \(Quote.value(path))")
        }
        let security = fields.security(folder)
        guard let instances, let path else { return nil }
        return NginxEndpointPlan(instances: instances, path: path, security: security)
    }

    // MARK: An include

    private func include(_ fields: Fields) -> NginxIncludePlan? {
        let instances = instances(fields)
        guard let name = fields.requiredOne(of: ["split", "upstream"]), let field = fields[name] else { return nil }
        let content = name == "split" ? split(field) : upstream(field)
        guard let instances, let content else { return nil }
        return NginxIncludePlan(instances: instances, content: content)
    }

    /// One nginx stands in the router itself; several in `includes`.
    private func instances(_ fields: Fields) -> [NginxIncludePlan.Instance]? {
        guard fields.has("includes") else { return instance(fields).map { [$0] } }
        for name in ["include", "command", "state_url"] where fields.has(name) {
            fields[name]?.fail("'\(name)' and 'includes' exclude each other; write it into each entry of 'includes'")
        }
        guard let entries = fields["includes"]?.entries(of: "includes") else { return nil }
        if entries.isEmpty { fields["includes"]?.fail("'includes' is empty; it needs one entry per nginx") }
        var seen: Set<String> = []
        let instances = entries.compactMap { entry -> NginxIncludePlan.Instance? in
            let known = ["include", "command", "state_url"]
            guard let instance = entry.fields(of: "an entry of 'includes'", known).flatMap(instance) else { return nil }
            if !seen.insert(instance.file).inserted {
                entry.fail("the include \(Quote.value(instance.file)) stands in 'includes' twice")
            }
            return instance
        }
        return instances.count == entries.count && !instances.isEmpty ? instances : nil
    }

    private func instance(_ fields: Fields) -> NginxIncludePlan.Instance? {
        let file = fields.required("include")?.line().map(folder.wholePath)
        let state = fields.required("state_url")?.url(allowsQuery: false)?.text
        let command = fields.has("command") ? fields["command"].flatMap(command) : ["/usr/sbin/nginx"]
        guard let file, let state, let command else { return nil }
        return NginxIncludePlan.Instance(file: file, command: command, stateURL: state)
    }

    private func command(_ field: Field) -> [String]? {
        guard let words = field.lines(of: "words") else { return nil }
        guard words[0].hasPrefix("/") else {
            field.fail("'command' must begin with the program's whole path, got \(Quote.value(words[0]))")
            return nil
        }
        return words
    }

    private func split(_ field: Field) -> NginxIncludePlan.Content? {
        guard let fields = field.fields(of: "'split'", ["choices", "baseline", "canary"]) else { return nil }
        let baseline = fields.required("baseline")?.line(limit: 200)
        let canary = fields.required("canary")?.line(limit: 200)
        let choices = fields.required("choices")?.entries(of: "choices")?.compactMap(choice)
        guard let baseline, let canary, let choices else { return nil }
        for (name, value) in [("baseline", baseline), ("canary", canary)] where !PoolNames.isAddress(value) {
            fields[name]?.fail("\(Quote.value(value)) is no name of an upstream")
        }
        if baseline == canary { fields["canary"]?.fail("'canary' and 'baseline' are the same") }
        if choices.isEmpty { fields["choices"]?.fail("'choices' is empty; it needs at least one variable") }
        var seen: Set<String> = []
        for choice in choices where !seen.insert(choice.variable).inserted {
            fields["choices"]?.fail("the variable \(Quote.value(choice.variable)) stands in 'choices' twice")
        }
        return choices.isEmpty ? nil : .choices(choices, baseline: baseline, canary: canary)
    }

    private func choice(_ entry: Field) -> NginxIncludePlan.Choice? {
        guard let fields = entry.fields(of: "an entry of 'choices'", ["variable", "key"]) else { return nil }
        let variable = fields.required("variable")?.line(limit: 100)
        let key = fields.required("key")?.line(limit: 200)
        guard let variable, let key else { return nil }
        if !variable.hasPrefix("$") || variable.count < 2 || !PoolNames.isName(String(variable.dropFirst())) {
            fields["variable"]?.fail("\(Quote.value(variable)) is no variable such as $checkout_version")
        }
        let isKey = key.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789$_{}.:-".unicodeScalars.contains($0))
        }
        if !isKey { fields["key"]?.fail("\(Quote.value(key)) is no key made of variables such as $request_id") }
        return .init(variable: variable, key: key)
    }

    private func upstream(_ field: Field) -> NginxIncludePlan.Content? {
        guard let fields = field.fields(of: "'upstream'", ["name", "servers"]) else { return nil }
        let name = fields.required("name")?.line(limit: 200)
        let pools = fields.required("servers").flatMap {
            PoolNames.read($0, of: "servers", isName: PoolNames.isAddress)
        }
        guard let name, let pools else { return nil }
        if !PoolNames.isName(name) { fields["name"]?.fail("\(Quote.value(name)) is no name of an upstream") }
        return .upstream(name: name, baseline: pools.baseline, canary: pools.canary)
    }
}
