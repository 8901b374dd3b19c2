import Declarations
import Model
import Ports

/// The instances of a service in Consul's catalog.
struct ConsulSourcePlan: SourceSettings {
    static let kind = "consul"

    var address = ""
    var service = ""
    var datacenter: String?
    var namespace: String?
    var partition: String?
    var tags: [String]?
    var filter: String?
    var isPassingOnly = false
    var token: SecretReference?
    var waitMs: Int64 = 30_000
    var security = ClientSecurity()
}

enum ConsulSourceKind: RunningSourceKind {
    typealias Plan = ConsulSourcePlan

    static func section(_ folder: ConfigurationFolder) -> Section<ConsulSourcePlan> {
        Section(
            owner: "a consul source", blank: ConsulSourcePlan(),
            settings: [
                .required("address", \.address, .baseURL, "an agent or a server, such as `http://127.0.0.1:8500`"),
                .required(
                    "service", \.service, .routerName, "name of the service; the catalog as a whole is not watched"),
                .optional("datacenter", \.datacenter, .routerName, shownDefault: "the agent's", "the datacenter"),
                .optional("namespace", \.namespace, .routerName, "the namespace, of Consul Enterprise"),
                .optional("partition", \.partition, .routerName, "the partition, of Consul Enterprise"),
                .optional("tags", \.tags, .lines(of: "tags"), "tags that an instance must have, all of them"),
                .optional(
                    "filter", \.filter, .line(), "an expression of Consul's, such as `Service.Meta.version != \"\"`"),
                .value(
                    "passing", \.isPassingOnly, .bool,
                    "leave out instances with a check that does not pass. Without it, `__meta_consul_health` says how "
                        + "an instance is: an instance that fails its checks because it is sick is evidence"),
                .secret(
                    "token", \.token, folder, "a token with `service:read` and `node:read`, sent as `X-Consul-Token`"),
                .value(
                    "wait", \.waitMs, .duration(1_000...600_000),
                    "how long the server holds a request while nothing changes; a change is answered at once"),
            ] + Setting.security(\.security, folder),
            finish: { plan, fields in
                guard plan.token != nil, plan.security.authorization != nil else { return true }
                fields["auth"]?.fail("'auth' and a token are given; keep one of them")
                return false
            })
    }

    static func source(_ plan: ConsulSourcePlan, _ setup: SourceSetup) -> any TargetSource {
        ConsulSource(plan: plan, setup: setup)
    }
}
