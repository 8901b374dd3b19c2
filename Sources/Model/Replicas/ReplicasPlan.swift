/// Several daemons that watch the same releases: which of them this one is, and where they agree on their leader.
public struct ReplicasPlan: Sendable, Equatable {
    /// Of this daemon; another one in each replica.
    public var name: String
    /// How long the leader leads without renewing its lease, milliseconds, 3 000 to 60 000. After a leader has died another
    /// replica leads at the latest two seconds after that.
    public var ttlMs: Int64
    /// Nil only while a configuration is being read.
    public var store: LeaseStorePlan?
    /// Nil when each replica watches all releases.
    public var fleet: FleetPlan?

    public init(name: String = "", ttlMs: Int64 = 10_000, store: LeaseStorePlan? = nil) {
        self.name = name
        self.ttlMs = ttlMs
        self.store = store
    }

    /// Shared by all replicas, and part of the ids of their deliveries: the place in the store.
    public var group: String { store?.place ?? "" }
}

/// Where the replicas keep their leases and what they hand over.
public enum LeaseStorePlan: Sendable, Equatable {
    case etcd(EtcdLeasePlan)
    case consul(ConsulLeasePlan)
    case postgresql(PostgresLeasePlan)
    case kubernetes(KubernetesLeasePlan)
    case file(FileLeasePlan)

    /// The `kind` in the configuration.
    public var kind: String {
        switch self {
        case .etcd: "etcd"
        case .consul: "consul"
        case .postgresql: "postgresql"
        case .kubernetes: "kubernetes"
        case .file: "file"
        }
    }

    /// The begin of the keys, or the folder.
    public var place: String {
        switch self {
        case .etcd(let plan): plan.prefix
        case .consul(let plan): plan.prefix
        case .postgresql(let plan): plan.schema + "." + plan.prefix
        case .kubernetes(let plan): plan.namespace + "/" + plan.prefix
        case .file(let plan): plan.folder
        }
    }

    /// For messages: `etcd:/rollguard-replicas/v1/`.
    public var label: String { kind + ":" + (place.hasPrefix("/") ? "" : "/") + place }
}

/// Leases in etcd, and documents under keys.
public struct EtcdLeasePlan: Sendable, Equatable {
    /// Members of one cluster, tried in order.
    public var endpoints: [String] = []
    /// Ends with a slash.
    public var prefix = "rollguard-replicas/v1/"
    public var security = ClientSecurity()

    public init() {}
}

/// Sessions in Consul, and documents under keys.
public struct ConsulLeasePlan: Sendable, Equatable {
    public var address = ""
    /// Ends with a slash and begins with none.
    public var prefix = "rollguard-replicas/v1/"
    public var token: SecretReference?
    public var security = ClientSecurity()

    public init() {}
}

/// Locks on files of one host, and documents beside them.
public struct FileLeasePlan: Sendable, Equatable {
    public var folder = ""

    public init() {}
}
