import Declarations
import Model
import Ports

/// The instances of a service that is registered in Nomad itself (`provider = "nomad"`).
struct NomadSourcePlan: SourceSettings {
    static let kind = "nomad"

    var address = ""
    var service = ""
    var namespace = "default"
    var region: String?
    var token: SecretReference?
    var waitMs: Int64 = 30_000
    var security = ClientSecurity()
}

enum NomadSourceKind: RunningSourceKind {
    typealias Plan = NomadSourcePlan

    static func section(_ folder: ConfigurationFolder) -> Section<NomadSourcePlan> {
        Section(
            owner: "a nomad source", blank: NomadSourcePlan(),
            settings: [
                .required("address", \.address, .baseURL, "an agent, such as `http://127.0.0.1:4646`"),
                .required("service", \.service, .routerName, "name of the service"),
                .value("namespace", \.namespace, .routerName, "the namespace"),
                .optional("region", \.region, .routerName, shownDefault: "the agent's", "the region"),
                .secret("token", \.token, folder, "a token with `read-job`, sent as `X-Nomad-Token`"),
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

    static func source(_ plan: NomadSourcePlan, _ setup: SourceSetup) -> any TargetSource {
        NomadSource(plan: plan, setup: setup)
    }
}
