import Declarations
import Model
import Ports

/// Keys in etcd whose values are targets.
struct EtcdSourcePlan: SourceSettings {
    static let kind = "etcd"

    var endpoints: [String] = []
    var prefix = ""
    var refreshMs: Int64 = 10_000
    var security = ClientSecurity()
}

enum EtcdSourceKind: RunningSourceKind {
    typealias Plan = EtcdSourcePlan

    static func section(_ folder: ConfigurationFolder) -> Section<EtcdSourcePlan> {
        Section(
            owner: "an etcd source", blank: EtcdSourcePlan(),
            settings: [
                .required("endpoints", \.endpoints, .instances, "members of one cluster, tried in order"),
                .required(
                    "prefix", \.prefix, .line(),
                    "the begin of the keys, such as `/services/checkout/`. A value is `host:port`, or a group of targets, or "
                        + "a list of groups, as [files](#files) have them, in JSON"),
                .value(
                    "refresh", \.refreshMs, .duration(1_000...600_000),
                    "how often the keys are read without a change; a change is read at once"),
            ] + Setting.security(\.security, folder),
            finish: { plan, fields in
                switch plan.security.authorization {
                case .bearer, .header:
                    fields["auth"]?.fail("etcd knows users: write 'auth: {basic: {user: …, password_file: …}}'")
                    return false
                case .basic, nil: return true
                }
            })
    }

    static func source(_ plan: EtcdSourcePlan, _ setup: SourceSetup) -> any TargetSource {
        EtcdSource(plan: plan, setup: setup)
    }
}
