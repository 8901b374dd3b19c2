package import Model

/// Consul's `service-splitter` configuration entry.
package struct ConsulPlan: RouterSettings {
    package static let kind = "consul"

    /// A side of the split: a subset of the splitter's own service, or another service, or a subset of one.
    package struct Destination: Sendable, Equatable {
        package var service: String?
        package var subset: String?

        package init(service: String? = nil, subset: String? = nil) {
            self.service = service
            self.subset = subset
        }
    }

    /// An agent or server: `http://127.0.0.1:8500`.
    package var address: String
    /// The splitter's name.
    package var service: String
    package var baseline: Destination
    package var canary: Destination
    package var datacenter: String?
    /// Of Consul Enterprise.
    package var namespace: String?
    package var partition: String?
    package var security: ClientSecurity

    package init(
        address: String, service: String, baseline: Destination, canary: Destination, datacenter: String? = nil,
        namespace: String? = nil, partition: String? = nil, security: ClientSecurity = ClientSecurity()
    ) {
        self.address = address
        self.service = service
        self.baseline = baseline
        self.canary = canary
        self.datacenter = datacenter
        self.namespace = namespace
        self.partition = partition
        self.security = security
    }
}
