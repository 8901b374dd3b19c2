/// Leases and documents in tables of PostgreSQL.
public struct PostgresLeasePlan: Sendable, Equatable {
    /// `host:port`, or the folder of a unix socket; servers of one cluster, tried in order for the one that can be written.
    public var endpoints: [String] = []
    public var database = "rollguard"
    public var user = "rollguard"
    public var password: SecretReference?
    /// Where the tables are.
    public var schema = "public"
    /// The begin of the tables' names.
    public var prefix = "rollguard_"
    /// TLS alone. Without an authority the connection is encrypted if the server can, and the server is not checked.
    public var security = ClientSecurity()

    public init() {}
}

/// Leases of Kubernetes, and documents in ConfigMaps.
public struct KubernetesLeasePlan: Sendable, Equatable {
    public static let inClusterAddress = "https://kubernetes.default.svc"
    private static let mounted = "/var/run/secrets/kubernetes.io/serviceaccount/"
    /// What a pod finds mounted. The kubelet renews the token, so it is read again for each call.
    public static let inClusterSecurity = ClientSecurity(
        caFile: mounted + "ca.crt", authorization: .bearer(.file(mounted + "token")))

    public var address = inClusterAddress
    public var namespace = ""
    /// The begin of the objects' names, and the value of their label.
    public var prefix = "rollguard"
    public var security = ClientSecurity()

    public init() {}
}
