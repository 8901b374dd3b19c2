import ReleaseKernel

/// Reads `kind: kubernetes`.
struct KubernetesReader {
    let folder: ConfigurationFolder

    private static let routes = ["http_route", "virtual_service"]
    private static let names =
        ["kind", "address", "namespace", "api_version", "total", "baseline", "canary"] + routes + Fields.securityNames

    func kubernetes(_ field: Field) -> KubernetesPlan? {
        guard let fields = field.fields(of: "a kubernetes router", KubernetesReader.names) else { return nil }
        let namespace = fields.required("namespace")?.routerName()
        let kind = fields.requiredOne(of: KubernetesReader.routes)
        let name = kind.flatMap { fields[$0]?.routerName() }
        let route = kind.flatMap { self.route($0, fields) }
        let address = fields.has("address") ? fields["address"]?.url(allowsQuery: false)?.text : nil
        guard let namespace, let name, let route else { return nil }
        var plan = KubernetesPlan(namespace: namespace, name: name, route: route)
        plan.address = address ?? plan.address
        plan.apiVersion = fields["api_version"]?.routerName() ?? plan.apiVersion
        plan.total = fields["total"]?.integer(1...1_000_000) ?? plan.total
        plan.security = security(fields, isInCluster: !fields.has("address"))
        return plan
    }

    /// Inside a pod both the token and the authority's certificate are mounted; elsewhere nothing is guessed.
    private func security(_ fields: Fields, isInCluster: Bool) -> ClientSecurity {
        var security = fields.security(folder)
        guard isInCluster else { return security }
        let mounted = KubernetesPlan.inClusterSecurity
        if !fields.has("auth"), security.certificateFile == nil { security.authorization = mounted.authorization }
        if security.caFile == nil, !security.insecureSkipVerify { security.caFile = mounted.caFile }
        return security
    }

    private func route(_ kind: String, _ fields: Fields) -> KubernetesPlan.Route? {
        let names = kind == "http_route" ? ["service"] : ["host", "subset"]
        let sides = ["baseline", "canary"].map { side -> KubernetesPlan.Destination? in
            guard let entry = fields.required(side)?.fields(of: "'\(side)'", names) else { return nil }
            let subset = kind == "http_route" ? nil : entry["subset"]?.routerName()
            return entry.required(names[0])?.routerName().map { .init(host: $0, subset: subset) }
        }
        guard let baseline = sides[0], let canary = sides[1] else { return nil }
        guard baseline != canary else {
            fields["canary"]?.fail("'canary' leads to the same place as 'baseline'")
            return nil
        }
        if kind == "http_route" { return .httpRoute(PoolPair(baseline: baseline.host, canary: canary.host)) }
        return .virtualService(baseline: baseline, canary: canary)
    }
}
