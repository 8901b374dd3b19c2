import Declarations
import Model
import SourceCalls

/// Keys in Consul under a prefix.
struct ConsulCentrePlan: CentreSettings {
    static let kind = "consul"

    var address = ""
    var prefix = "rollguard/v1/"
    var datacenter: String?
    var token: SecretReference?
    var waitMs: Int64 = 30_000
    var security = ClientSecurity()
    var startupWaitMs: Int64 = 10_000
    var secretsDirectory = "secrets"
    var isInsecure = false

    var servers: [String] { [address] }
    var label: String { CentreLabel.text(ConsulCentrePlan.kind, prefix) }
}

enum ConsulCentreKind: RunningCentreKind {
    typealias Plan = ConsulCentrePlan

    static func section(_ folder: ConfigurationFolder) -> Section<ConsulCentrePlan> {
        Section(
            owner: "'centre'", blank: ConsulCentrePlan(),
            settings: [
                .required("address", \.address, .baseURL, "an agent or a server, such as `http://127.0.0.1:8500`"),
                .value("prefix", \.prefix, prefix, "the begin of the keys; ends with a slash and begins with none"),
                .optional("datacenter", \.datacenter, .routerName, shownDefault: "the agent's", "the datacenter"),
                .secret(
                    "token", \.token, folder,
                    "a token with `key_prefix` read, and for `rollguard config push` write, sent as `X-Consul-Token`"),
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

    /// Consul's keys begin with no slash.
    private static var prefix: ValueForm<String> {
        CentreLabel.prefix.checked { prefix, field in
            guard !prefix.hasPrefix("/") else {
                field.fail("keys in Consul begin with no slash; write \(Quote.value(String(prefix.dropFirst())))")
                return nil
            }
            return prefix
        }
    }

    static func policy(_ plan: ConsulCentrePlan, _ name: String) -> ConsulCentrePlan {
        var plan = plan
        plan.prefix += "policy/\(name)/"
        return plan
    }

    static func centre(_ plan: ConsulCentrePlan, _ setup: CallSetup) -> any Centre {
        ConsulCentre(plan: plan, setup: setup)
    }
}
