public import Model

/// A route object in Kubernetes, changed by a guarded JSON Patch.
public struct KubernetesPlan: RouterSettings {
    public static let kind = "kubernetes"

    public enum Route: Sendable, Equatable {
        /// Gateway API: the names of the `backendRefs`.
        case httpRoute(PoolPair)
        /// Istio: the destinations of the `http` routes.
        case virtualService(baseline: Destination, canary: Destination)
    }

    /// Istio's `destination`.
    public struct Destination: Sendable, Equatable {
        public var host: String
        public var subset: String?

        public init(host: String, subset: String? = nil) {
            self.host = host
            self.subset = subset
        }
    }

    /// The API server; inside a pod `https://kubernetes.default.svc`.
    public var address: String
    public var namespace: String
    public var name: String
    public var route: Route
    /// `v1`, or an older one that the cluster still serves.
    public var apiVersion: String
    /// The sum of the two weights.
    public var total: Int
    public var security: ClientSecurity

    public init(
        address: String = KubernetesPlan.inClusterAddress, namespace: String, name: String, route: Route,
        apiVersion: String = "v1", total: Int = 100, security: ClientSecurity = KubernetesPlan.inClusterSecurity
    ) {
        self.address = address
        self.namespace = namespace
        self.name = name
        self.route = route
        self.apiVersion = apiVersion
        self.total = total
        self.security = security
    }

    public static let inClusterAddress = "https://kubernetes.default.svc"

    /// What a pod finds mounted. The kubelet renews the token, so it is read anew for each call.
    public static let inClusterSecurity = ClientSecurity(
        caFile: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
        authorization: .bearer(.file("/var/run/secrets/kubernetes.io/serviceaccount/token")))
}
