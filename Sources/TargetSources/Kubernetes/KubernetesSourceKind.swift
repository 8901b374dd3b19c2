import Declarations
import Model
import Ports

/// The pods or the endpoints of a Kubernetes namespace.
struct KubernetesSourcePlan: SourceSettings {
    static let kind = "kubernetes"
    static let inClusterAddress = "https://kubernetes.default.svc"
    private static let mounted = "/var/run/secrets/kubernetes.io/serviceaccount/"
    static let inClusterSecurity = ClientSecurity(
        caFile: mounted + "ca.crt", authorization: .bearer(.file(mounted + "token")))

    enum Role: String, Sendable, CaseIterable { case pod, endpointslice }

    var role = Role.pod
    var address = inClusterAddress
    var namespace = ""
    var selector: String?
    var relistMs: Int64 = 300_000
    var security = ClientSecurity()
}

enum KubernetesSourceKind: RunningSourceKind {
    typealias Plan = KubernetesSourcePlan

    static func section(_ folder: ConfigurationFolder) -> Section<KubernetesSourcePlan> {
        Section(
            owner: "a kubernetes source", blank: KubernetesSourcePlan(),
            settings: [
                .value("role", \.role, .choice(KubernetesSourcePlan.Role.self), "what is listed and watched"),
                .value(
                    "address", \.address, .baseURL,
                    "the API server; without it the pod's own token and authority are used"),
                .required("namespace", \.namespace, .routerName, "the namespace"),
                .optional(
                    "selector", \.selector, .line(), shownDefault: "all", "a label selector, such as `app=checkout`"),
                .value(
                    "relist", \.relistMs, .duration(10_000...3_600_000),
                    "how often everything is listed again beside the watch, which may have missed something"),
            ] + Setting.security(\.security, folder),
            finish: { plan, fields in
                takeMounted(&plan.security, fields)
                return true
            })
    }

    /// Inside a pod both the token and the authority's certificate are mounted; elsewhere nothing is guessed.
    private static func takeMounted(_ security: inout ClientSecurity, _ fields: Fields) {
        guard !fields.has("address") else { return }
        let mounted = KubernetesSourcePlan.inClusterSecurity
        if !fields.has("auth"), security.certificateFile == nil { security.authorization = mounted.authorization }
        if security.caFile == nil, !security.insecureSkipVerify { security.caFile = mounted.caFile }
    }

    static func source(_ plan: KubernetesSourcePlan, _ setup: SourceSetup) -> any TargetSource {
        KubernetesSource(plan: plan, setup: setup)
    }
}
