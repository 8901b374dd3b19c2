public import Model

/// Consul's `service-splitter` configuration entry.
public struct ConsulPlan: RouterSettings {
    public static let kind = "consul"

    /// A side of the split: a subset of the splitter's own service, or another service, or a subset of one.
    public struct Destination: Sendable, Equatable {
        public var service: String?
        public var subset: String?

        public init(service: String? = nil, subset: String? = nil) {
            self.service = service
            self.subset = subset
        }
    }

    /// An agent or server: `http://127.0.0.1:8500`.
    public var address: String
    /// The splitter's name.
    public var service: String
    public var baseline: Destination
    public var canary: Destination
    public var datacenter: String?
    /// Of Consul Enterprise.
    public var namespace: String?
    public var partition: String?
    public var security: ClientSecurity

    public init(
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
