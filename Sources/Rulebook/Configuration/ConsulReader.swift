import ReleaseKernel

/// Reads `kind: consul`.
struct ConsulReader {
    let folder: ConfigurationFolder

    private static let names =
        ["kind", "address", "service", "baseline", "canary", "datacenter", "namespace", "partition"]
        + Fields.securityNames

    func consul(_ field: Field) -> ConsulPlan? {
        guard let fields = field.fields(of: "a consul router", ConsulReader.names) else { return nil }
        let address = fields.required("address")?.url(allowsQuery: false)?.text
        let service = fields.required("service")?.routerName()
        let baseline = fields.required("baseline").flatMap(destination)
        let canary = fields.required("canary").flatMap(destination)
        let security = fields.security(folder)
        if let baseline, let canary, baseline == canary {
            fields["canary"]?.fail("'canary' is the same split as 'baseline'")
        }
        guard let address, let service, let baseline, let canary else { return nil }
        return ConsulPlan(
            address: address, service: service, baseline: baseline, canary: canary,
            datacenter: fields["datacenter"]?.routerName(), namespace: fields["namespace"]?.routerName(),
            partition: fields["partition"]?.routerName(), security: security)
    }

    private func destination(_ field: Field) -> ConsulPlan.Destination? {
        guard let fields = field.fields(of: field.label, ["service", "subset"]) else { return nil }
        let destination = ConsulPlan.Destination(
            service: fields["service"]?.routerName(), subset: fields["subset"]?.routerName())
        if !fields.has("service"), !fields.has("subset") { fields.fail("\(field.label) needs 'subset' or 'service'") }
        return destination == ConsulPlan.Destination() ? nil : destination
    }
}
