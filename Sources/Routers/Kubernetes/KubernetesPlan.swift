package import Model

/// A route object in Kubernetes, changed by a guarded JSON Patch.
package struct KubernetesPlan: RouterSettings {
    package static let kind = "kubernetes"

    package enum Route: Sendable, Equatable {
        /// Gateway API: the names of the `backendRefs`.
        case httpRoute(PoolPair)
        /// Istio: the destinations of the `http` routes.
        case virtualService(baseline: Destination, canary: Destination)
    }

    /// Istio's `destination`.
    package struct Destination: Sendable, Equatable {
        package var host: String
        package var subset: String?

        package init(host: String, subset: String? = nil) {
            self.host = host
            self.subset = subset
        }
    }

    /// The API server; inside a pod `https://kubernetes.default.svc`.
    package var address: String
    package var namespace: String
    package var name: String
    package var route: Route
    /// `v1`, or an older one that the cluster still serves.
    package var apiVersion: String
    /// The sum of the two weights.
    package var total: Int
    package var security: ClientSecurity

    package init(
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

    package static let inClusterAddress = "https://kubernetes.default.svc"

    /// What a pod finds mounted. The kubelet renews the token, so it is read again for each call.
    package static let inClusterSecurity = ClientSecurity(
        caFile: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
        authorization: .bearer(.file("/var/run/secrets/kubernetes.io/serviceaccount/token")))
}
